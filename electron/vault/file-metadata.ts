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
  const { mtime = '', mode = '' } = metadata
  return {
    mtimeMs: inMilliseconds(mtime),
    fileMode: /^[0-7]{3,7}$/.test(mode) ? Number.parseInt(mode, 8) & 0o777 : undefined,
  }
}

/** Decimal seconds, before 1970 with a minus before the whole. */
function inSeconds(milliseconds: number): string {
  const size = Math.abs(milliseconds)
  const seconds = Math.floor(size / 1_000)
  const nanoseconds = Math.min(999_999_999, Math.round((size - seconds * 1_000) * 1_000_000))
  return `${milliseconds < 0 ? '-' : ''}${seconds}.${String(nanoseconds).padStart(9, '0')}`
}

function inMilliseconds(mtime: string): number | undefined {
  const [, minus, seconds, fraction = ''] = /^(-?)(\d{1,11})(?:\.(\d{1,9}))?$/.exec(mtime) ?? []
  if (seconds === undefined) return undefined
  const size = Number(seconds) * 1_000 + Number(fraction.padEnd(9, '0')) / 1_000_000
  return minus === '-' ? -size : size
}
