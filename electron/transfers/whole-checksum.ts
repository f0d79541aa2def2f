import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { GetObjectAttributesCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { isPassing } from './backoff.ts'
import { base64Crc } from './checksum.ts'
import type { Stored } from './fetch-range.ts'

const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
type Algorithm = (typeof ALGORITHMS)[number]

/** S3's checksum over all of an object's stored bytes. */
export interface WholeChecksum {
  algorithm: Algorithm
  /** Base64 of the big-endian digest. */
  value: string
}

type Reported = Partial<Record<`Checksum${Algorithm}`, string | undefined>> & { ChecksumType?: string | undefined }

/**
 * The checksum that S3 keeps of a whole object. Null if it keeps none, will not say, or keeps only one of checksums of
 * parts (COMPOSITE), which tells nothing without knowing how the object was cut. If the question does not get through, that
 * is no answer: then it throws, or a network that loses questions would have unproven bytes taken for good ones.
 */
export async function wholeChecksum(s3: S3Client, stored: Stored, signal: AbortSignal): Promise<WholeChecksum | null> {
  const { bucket, key, versionId, customerKey } = stored
  const which = { Bucket: bucket, Key: key, VersionId: versionId, ...customerKey }
  try {
    const head = await send(s3, new HeadObjectCommand({ ...which, ChecksumMode: 'ENABLED' }), signal)
    if (head.ETag === undefined) throw new CofferError('SERVER', 'What answered is not S3: it did not name the ETag.')
    const known = find(head)
    if (known === null || head.ChecksumType !== undefined || !isMultipart(stored)) return known
    // Some servers name the kind only here, and without it a multipart object's checksum cannot be told from COMPOSITE.
    const command = new GetObjectAttributesCommand({ ...which, ObjectAttributes: ['Checksum'] })
    const { Checksum: attributes } = await send(s3, command, signal)
    return attributes?.ChecksumType === 'FULL_OBJECT' ? find(attributes) : null
  } catch (error) {
    if (isPassing(error) || signal.aborted) throw error
    return null
  }
}

function find(reported: Reported): WholeChecksum | null {
  if (reported.ChecksumType === 'COMPOSITE') return null
  for (const algorithm of ALGORITHMS) {
    const value = reported[`Checksum${algorithm}`]
    if (value !== undefined && !value.includes('-')) return { algorithm, value }
  }
  return null
}

/** An ETag ends with the number of its parts. */
function isMultipart({ etag }: Stored): boolean {
  return /-\d+"?$/.test(etag)
}

/** Compares what came in one piece with what its answer's head promised. Throws INTEGRITY. */
export async function requireChecksum(bytes: Uint8Array, promised: Reported): Promise<void> {
  const expected = find(promised)
  if (expected === null) return
  const hasher = hasherFor(expected.algorithm)
  hasher.update(bytes)
  if ((await hasher.digest()) === expected.value) return
  throw new CofferError('INTEGRITY', 'What came is not what S3 keeps: its checksum is another.')
}

export interface Hasher {
  update(bytes: Uint8Array): void
  /** Base64, as S3 writes it. */
  digest(): Promise<string>
}

/** Computes a checksum as the bytes pass by. */
export function hasherFor(algorithm: Algorithm): Hasher {
  switch (algorithm) {
    case 'CRC32':
      return crc32Hasher()
    case 'CRC32C':
      return wordHasher(new Crc32c())
    case 'CRC64NVME':
      return wordHasher(new Crc64Nvme())
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm)
      return { update: (bytes) => void hash.update(bytes), digest: () => Promise.resolve(hash.digest('base64')) }
    }
  }
}

function crc32Hasher(): Hasher {
  let value = 0
  return {
    update: (bytes) => void (value = crc32(bytes, value)),
    digest: () => Promise.resolve(base64Crc(value)),
  }
}

function wordHasher(checksum: { update(bytes: Uint8Array): void; digest(): Promise<Uint8Array> }): Hasher {
  return {
    update: (bytes) => checksum.update(bytes),
    digest: async () => Buffer.from(await checksum.digest()).toString('base64'),
  }
}
