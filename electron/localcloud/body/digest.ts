import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ChecksumAlgorithm } from '../request.ts'
import { crc32c } from './crc32c.ts'
import { crc64nvme } from './crc64nvme.ts'

/** A hash or checksum that takes bytes as they go by. */
export interface Digest {
  update(data: Uint8Array): unknown
  /** Big-endian bytes. */
  digest(): Buffer
}

/** Digest sizes in bytes. */
export const CHECKSUM_BYTES: Record<ChecksumAlgorithm, number> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
}

/** Starts one of the checksums S3 knows (AWS, "Checking object integrity"). */
export function startChecksum(algorithm: ChecksumAlgorithm): Digest {
  switch (algorithm) {
    case 'CRC32':
      return crc(crc32)
    case 'CRC32C':
      return crc(crc32c)
    case 'CRC64NVME':
      return crc64nvme()
    case 'SHA1':
      return createHash('sha1')
    case 'SHA256':
      return createHash('sha256')
  }
}

function crc(step: (data: Uint8Array, previous: number) => number): Digest {
  let value = 0
  return {
    update(data) {
      value = step(data, value)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(value)
      return out
    },
  }
}
