import type { Source } from './vault.ts'

const REGULAR_FILE = 0o100000

/** User metadata that brings a file's date and permissions back, as rclone writes it: `mtime` in seconds, `mode` in octal. */
export function fileMetadata({ mtimeMs, fileMode }: Source): Record<string, string> {
  return {
    ...(mtimeMs === undefined ? {} : { mtime: inSeconds(mtimeMs) }),
    ...(fileMode === undefined ? {} : { mode: (REGULAR_FILE | (fileMode & 0o7777)).toString(8) }),
  }
}

interface FileTimes {
  mtimeMs: number | undefined
  /** POSIX permission bits. */
  fileMode: number | undefined
}

/**
 * The date and permissions of a file in the user metadata of an object, by the conventions of the tools that write them:
 * `mtime` in seconds and `mode` (rclone and Coffer in octal, s3fs in decimal), or both in one text, in decimal (s3cmd, and
 * `mc cp --preserve` of MinIO). What says anything else is nobody's convention and does not count; then the date is when the
 * object was stored.
 */
export function fileTimes(metadata: Record<string, string>, lastModified?: Date): FileTimes {
  const { mtime = '', mode = '' } = { ...attributes(metadata), ...metadata }
  return { mtimeMs: inMilliseconds(mtime) ?? lastModified?.getTime(), fileMode: permissions(mode) }
}

/** `atime:1700000000/gid:1000/mode:33188/mtime:1700000000/uname:ann`; MinIO's has `#` and nanoseconds behind its times. */
function attributes(metadata: Record<string, string>): { mtime?: string; mode?: string } {
  const text = metadata['s3cmd-attrs'] ?? metadata['mc-attrs']
  if (text === undefined) return {}
  const valueOf = (name: string): string | undefined => new RegExp(`(?:^|/)${name}:([^/]*)`).exec(text)?.[1]
  const mtime = valueOf('mtime')?.replace(
    /^(\d+)#(\d{1,9})$/,
    (_, seconds: string, nanoseconds: string) => `${seconds}.${nanoseconds.padStart(9, '0')}`,
  )
  const mode = valueOf('mode')
  return { ...(mtime === undefined ? {} : { mtime }), ...(mode === undefined ? {} : { mode }) }
}

const FILE_TYPE = 0o170000

/**
 * The permissions in a file's whole mode, its type included, in octal or decimal: the type of a regular file tells which of
 * the two it is, for no number is one in both. Undefined for anything else, a mode without its type too.
 */
function permissions(mode: string): number | undefined {
  if (!/^\d{1,7}$/.test(mode)) return undefined
  const readings = [/^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : NaN, Number.parseInt(mode, 10)]
  const regular = readings.find((value) => value <= FILE_TYPE + 0o7777 && (value & FILE_TYPE) === REGULAR_FILE)
  return regular === undefined ? undefined : regular & 0o777
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
