import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import type { WriteWay } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import type { CustomerKeyFields, StoredFacts } from '../modes/mode.ts'
import { base64Crc } from './checksum.ts'

/** What the finished object must look like to be ours. */
export interface Expected {
  bucket: string
  key: string
  way: WriteWay
  customerKey: CustomerKeyFields
  metadata: Record<string, string>
  storedSize: number
  /** CRC-32 of the stored bytes; undefined where the server keeps none. */
  crc: number | undefined
  /** The metadata is that of no other object: a client-side envelope. */
  unique: boolean
}

/**
 * Runs a conditional write. If its answer is lost on the way, the SDK, or a server in between, asks again and hears "exists
 * already" or "no such upload" about its own success; so then the object is looked at, and if it is the one that was sent,
 * it is stored.
 */
export async function despiteLostAnswer(
  s3: S3Client,
  expected: Expected,
  signal: AbortSignal,
  write: () => Promise<StoredFacts>,
): Promise<StoredFacts> {
  try {
    return await write()
  } catch (error) {
    if (!mayBeOurs(error, expected)) throw error
    const stored = await lookForOurs(s3, expected, signal).catch(() => null)
    if (stored === null) throw error
    return stored
  }
}

/** What anyone may have written just the same is taken for ours only if it was sent more than once from here. */
function mayBeOurs(error: unknown, { unique }: Expected): boolean {
  if (!isCofferError(error) || (!unique && Number(error.facts.attempts ?? 1) < 2)) return false
  return error.code === 'ALREADY_EXISTS' || error.facts.awsCode === 'NoSuchUpload'
}

/** What S3 stores under the key, if it is what was expected; else null. Throws what `send` throws. */
export async function lookForOurs(s3: S3Client, expected: Expected, signal: AbortSignal): Promise<StoredFacts | null> {
  const { bucket, key, way, crc } = expected
  const answer = await send(
    s3,
    new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED', ...expected.customerKey }),
    signal,
  )
  const sameBytes = expected.unique || (crc !== undefined && answer.ChecksumCRC32 === base64Crc(crc))
  const sameSize = answer.ContentLength === expected.storedSize
  const sameMetadata = Object.entries(expected.metadata).every(([name, value]) => answer.Metadata?.[name] === value)
  if (!sameBytes || !sameSize || !sameMetadata || answer.ETag === undefined) return null
  return {
    way,
    etag: answer.ETag,
    versionId: answer.VersionId,
    bytes: expected.storedSize,
    serverSideEncryption: answer.ServerSideEncryption,
    kmsKeyId: answer.SSEKMSKeyId,
    bucketKeyEnabled: answer.BucketKeyEnabled,
    customerAlgorithm: answer.SSECustomerAlgorithm,
    customerKeyMd5: answer.SSECustomerKeyMD5,
    requestId: answer.$metadata.requestId,
  }
}
