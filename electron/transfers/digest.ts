import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What proves a part: to the signature and the journal, and to S3. */
export interface Digest {
  /** In hex. */
  sha256: string
  crc: number
}

export interface DigestOrder {
  id: number
  /** Over shared memory: nothing is copied. */
  bytes: Uint8Array
}

export interface DigestAnswer {
  id: number
  digest: Digest
}

export function digestOf(bytes: Uint8Array): Digest {
  return { sha256: hash('sha256', bytes), crc: crc32(bytes) }
}
