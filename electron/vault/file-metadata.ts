import type { Source } from './vault.ts'

const REGULAR_FILE = 0o100000

/** User metadata that brings a file's date and permissions back, as rclone writes it: `mtime` in seconds, `mode` in octal. */
export function fileMetadata({ mtimeMs, fileMode }: Source): Record<string, string> {
  return {
    ...(mtimeMs === undefined ? {} : { mtime: inSeconds(mtimeMs) }),
    ...(fileMode === undefined ? {} : { mode: (REGULAR_FILE | (fileMode & 0o7777)).toString(8) }),
  }
}

/** The date and permissions in user metadata, whoever wrote it; undefined if it says none that can be understood. */
export function fileTimes(metadata: Record<string, string>): {
  mtimeMs: number | undefined
  fileMode: number | undefined
} {
  const { mtime, mode } = metadata
  return {
    mtimeMs: mtime !== undefined && /^-?\d{1,11}(?:\.\d{1,9})?$/.test(mtime) ? Number(mtime) * 1_000 : undefined,
    fileMode: mode !== undefined && /^[0-7]{3,7}$/.test(mode) ? Number.parseInt(mode, 8) & 0o777 : undefined,
  }
}

function inSeconds(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000)
  const nanoseconds = Math.min(999_999_999, Math.round((milliseconds - seconds * 1_000) * 1_000_000))
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`
}
