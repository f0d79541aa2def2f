import type { BucketEncryption, KnownBucket } from '../../electron/api/contract.ts'
import { count, lower, size, when } from './numbers.ts'

const DAY = 24 * 60 * 60 * 1000

/** `1,204 files · 3.2 GB`, as far as it is known; with a date where that is more than a day old. */
export function knownText({ objects, bytes, complete, listedAt }: KnownBucket, now = new Date()): string {
  const least = complete ? '' : 'at least '
  const isOld = listedAt !== undefined && now.getTime() - listedAt.getTime() > DAY
  return `${least}${count(objects, 'file')} · ${size(bytes)}${isOld ? `, as of ${lower(when(listedAt, now))}` : ''}`
}

export type DefaultId = 'AES256' | 'aws:kms' | 'aws:kms:dsse'

/** What a bucket can encrypt with by itself. */
export const DEFAULTS: readonly { id: DefaultId; title: string }[] = [
  { id: 'AES256', title: 'SSE-S3' },
  { id: 'aws:kms', title: 'SSE-KMS' },
  { id: 'aws:kms:dsse', title: 'DSSE-KMS' },
]

export const DEFAULT_NOTES: Record<DefaultId, string> = {
  AES256: 'S3 makes and keeps every key.',
  'aws:kms': 'S3 asks KMS for each data key. Turn the KMS key off and nobody reads.',
  'aws:kms:dsse': 'The same, in two layers of encryption. KMS requests are charged for both.',
}

/** What a bucket encrypts with now; SSE-S3 where it says nothing. */
export function defaultOf({ algorithm }: BucketEncryption): DefaultId {
  return DEFAULTS.find(({ id }) => id === algorithm)?.id ?? 'AES256'
}

/** Said where a change was taken and is not told back. */
export const NOT_TOLD_YET =
  'The server took it and does not tell it yet. It may need some minutes, or not know this setting: look again later.'

export const VERSION_WORDS = {
  off: {
    now: 'This bucket keeps no versions: what is replaced or removed is gone.',
    change: 'on',
    button: 'Keep versions',
    note: 'From then on, what is replaced or removed stays as an older version and can be brought back. Each version is stored, and charged, in full. It can be suspended later, and never be undone.',
  },
  on: {
    now: 'This bucket keeps versions: what is replaced or removed can be brought back.',
    change: 'suspended',
    button: 'Keep no more versions',
    note: 'Older versions stay. What is replaced or removed from then on is gone.',
  },
  suspended: {
    now: 'This bucket kept versions, and keeps no more: older versions are there, new ones are not made.',
    change: 'on',
    button: 'Keep versions again',
    note: 'From then on, what is replaced or removed can be brought back again.',
  },
} as const
