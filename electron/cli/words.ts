import type { RecordedPurpose } from '../base/key-purpose.ts'

/** The modes in a person's words: whose key, and where the file is encrypted. */
const MODES: Record<string, { name: string; custody: string }> = {
  'sse-s3': { name: 'SSE-S3', custody: "S3's key, encrypted in S3" },
  'sse-kms': { name: 'SSE-KMS', custody: "KMS's key, encrypted in S3" },
  'sse-c': { name: 'SSE-C', custody: 'your key, encrypted in S3' },
  'cse-kms': { name: 'CSE-KMS', custody: "KMS's key, encrypted here" },
  'cse-c': { name: 'CSE-C', custody: 'your key, encrypted here' },
  'bucket-default': { name: 'bucket default', custody: 'whatever the bucket does by itself' },
  none: { name: 'none', custody: 'S3 reports no encryption' },
  unknown: { name: 'unknown', custody: 'cannot be told without its key' },
}

export function modeName(mode: string): string {
  return MODES[mode]?.name ?? mode
}

export function modeCustody(mode: string): string {
  return MODES[mode]?.custody ?? ''
}

const PURPOSES: Record<RecordedPurpose, string> = {
  cse: 'CSE-C',
  'sse-c': 'SSE-C',
  unused: 'not used yet',
  unknown: 'NOT SAID',
}

/** What a key is for, in a column. */
export function purposeName(purpose: RecordedPurpose): string {
  return PURPOSES[purpose]
}

/** What a key is for, from now on. */
export function purposeInWords(name: string, purpose: RecordedPurpose): string {
  return purpose === 'sse-c'
    ? `The key ${name} is for SSE-C from now on: it is sent to servers with each request, and encrypts nothing on this computer.`
    : `The key ${name} is for CSE-C from now on: it encrypts files on this computer, and is never sent.`
}

export const MODES_HELP = `
Modes (--mode): whose key, and where the file is encrypted
  sse-s3          S3's key, in S3. Nothing to set up, nothing to lose.
  sse-kms         KMS's key, in S3. You can disable it, rotate it, and say who may use it. --key ID|ALIAS|ARN
  sse-c           Your key, in S3. S3 gets it with each request and forgets it. --key NAME
  cse-kms         KMS's key, here. S3 never sees the file; KMS never sees it either. --key ID|ALIAS|ARN
  cse-c           Your key, here. Nobody else can read it; without the key nobody ever can. --key NAME
  bucket-default  Whatever the bucket does by itself.
`

export const EXIT_HELP = `
Exit codes
  0 done              4 denied               7 network or server
  1 this machine      5 integrity failure    8 already exists
  2 usage             6 key missing or       130 cancelled
  3 not found           disabled
`

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 1536 becomes `1.5 KiB`. */
export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`
}

/** Seconds as `0.42 s`, `42 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** 2026-04-01 09:30, in this machine's time zone. */
export function moment(date: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0')
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}`
  )
}

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
