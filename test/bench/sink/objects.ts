import { noise } from '../../support/files.ts'

/** An object as the sink knows it: the headers it came with and, in a bucket that keeps, its bytes. */
export interface Stored {
  size: number
  etag: string
  /** Header lines that go with every answer on it: encryption, user metadata. */
  lines: string
  /** True if it came under SSE-C: nothing is told without a key. */
  customerKey: boolean
  /** Null: thrown away; noise of the same size is served in its place. */
  pieces: Buffer[] | null
}

/** Buckets whose name begins so keep what they are given; all others throw it away. */
export const KEEPS = 'keep'

/** What is served for content that was thrown away: these bytes over and over. */
const NOISE = noise(32 * 1024 * 1024, 'sink')

/** Slices of the stored bytes from `start` up to and without `end`; nothing is copied. */
export function slicesOf({ pieces }: Stored, start: number, end: number): Buffer[] {
  return pieces === null ? noiseSlices(start, end) : pieceSlices(pieces, start, end)
}

function noiseSlices(start: number, end: number): Buffer[] {
  const slices: Buffer[] = []
  for (let at = start; at < end;) {
    const from = at % NOISE.length
    const taken = Math.min(NOISE.length - from, end - at)
    slices.push(NOISE.subarray(from, from + taken))
    at += taken
  }
  return slices
}

function pieceSlices(pieces: Buffer[], start: number, end: number): Buffer[] {
  const slices: Buffer[] = []
  let offset = 0
  for (const piece of pieces) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, piece.length)
    if (from < to) slices.push(piece.subarray(from, to))
    offset += piece.length
    if (offset >= end) break
  }
  return slices
}

/** The buckets of the sink. A bucket is there as soon as it is named. */
export interface Buckets {
  names(): string[]
  get(bucket: string, key: string): Stored | undefined
  put(bucket: string, key: string, stored: Stored): void
  remove(bucket: string, key: string): void
  /** Sorted as S3 sorts them; the same array as long as nothing changes. */
  keys(bucket: string): string[]
}

export function openBuckets(): Buckets {
  const buckets = new Map<string, Map<string, Stored>>()
  const sorted = new Map<string, string[]>()
  return {
    names: () => [...buckets.keys()],
    get: (bucket, key) => buckets.get(bucket)?.get(key),
    put(bucket, key, stored) {
      const objects = buckets.get(bucket) ?? new Map<string, Stored>()
      buckets.set(bucket, objects.set(key, stored))
      sorted.delete(bucket)
    },
    remove(bucket, key) {
      buckets.get(bucket)?.delete(key)
      sorted.delete(bucket)
    },
    keys(bucket) {
      const known = sorted.get(bucket)
      if (known !== undefined) return known
      const keys = [...(buckets.get(bucket)?.keys() ?? [])].sort()
      sorted.set(bucket, keys)
      return keys
    },
  }
}
