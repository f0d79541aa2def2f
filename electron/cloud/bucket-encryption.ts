import {
  GetBucketEncryptionCommand,
  PutBucketEncryptionCommand,
  type S3Client,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from './send.ts'

/** What a bucket does to objects by itself. */
export interface BucketEncryption {
  /** `AES256`, `aws:kms`, `aws:kms:dsse`; undefined if the bucket has no rule. */
  algorithm: string | undefined
  kmsKeyId: string | undefined
  bucketKeyEnabled: boolean
  /** AWS blocks SSE-C on new buckets since April 2026; `BlockedEncryptionTypes: NONE` allows it. */
  blocksCustomerKeys: boolean
}

/** What a bucket shall do by itself. */
export interface DefaultEncryption {
  algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  /** Left out with `aws:kms`: the key that S3 itself has in KMS, `aws/s3`. */
  kmsKeyId?: string | undefined
  /** One data key of KMS for many objects: fewer requests, and `aws:kms` only. */
  bucketKeyEnabled?: boolean | undefined
}

/** What is left out stays as it is. */
export interface EncryptionChange {
  byDefault?: DefaultEncryption | undefined
  blocksCustomerKeys?: boolean | undefined
}

/**
 * The bucket's default encryption. Null if it cannot be known: not allowed to look (s3:GetEncryptionConfiguration), or
 * the server has no such thing. Throws BUCKET_NOT_FOUND and failures of the network.
 */
export async function bucketEncryption(
  s3: S3Client,
  bucket: string,
  signal: AbortSignal,
): Promise<BucketEncryption | null> {
  try {
    const rule = await readRule(s3, bucket, signal)
    const byDefault = rule.ApplyServerSideEncryptionByDefault
    return {
      algorithm: byDefault?.SSEAlgorithm,
      kmsKeyId: byDefault?.KMSMasterKeyID,
      bucketKeyEnabled: rule.BucketKeyEnabled ?? false,
      blocksCustomerKeys: rule.BlockedEncryptionTypes?.EncryptionType?.includes('SSE-C') ?? false,
    }
  } catch (error) {
    if (isCofferError(error, 'ACCESS_DENIED') || isCofferError(error, 'UNSUPPORTED')) return null
    throw error
  }
}

/**
 * Changes what a bucket does by itself. S3 replaces all of it at once (Amazon S3 API, PutBucketEncryption), so it is read
 * first: without the permission to look, a change could undo what is not seen. Throws ACCESS_DENIED, UNSUPPORTED,
 * BUCKET_NOT_FOUND and what `send` throws.
 */
export async function changeBucketEncryption(
  s3: S3Client,
  bucket: string,
  { byDefault, blocksCustomerKeys }: EncryptionChange,
  signal: AbortSignal,
): Promise<void> {
  const rule = { ...(await readRule(s3, bucket, signal)) }
  if (byDefault !== undefined) {
    const { algorithm, kmsKeyId, bucketKeyEnabled = false } = byDefault
    rule.ApplyServerSideEncryptionByDefault = { SSEAlgorithm: algorithm, KMSMasterKeyID: kmsKeyId }
    rule.BucketKeyEnabled = bucketKeyEnabled
  }
  // Servers that do not know of it are not told of it unless that is what is wanted.
  if (blocksCustomerKeys !== undefined) {
    rule.BlockedEncryptionTypes = { EncryptionType: [blocksCustomerKeys ? 'SSE-C' : 'NONE'] }
  }
  rule.ApplyServerSideEncryptionByDefault ??= { SSEAlgorithm: 'AES256' }
  const ServerSideEncryptionConfiguration = { Rules: [rule] }
  await send(s3, new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration }), signal)
}

/** Empty where the bucket has none. */
async function readRule(s3: S3Client, bucket: string, signal: AbortSignal): Promise<ServerSideEncryptionRule> {
  try {
    const answer = await send(s3, new GetBucketEncryptionCommand({ Bucket: bucket }), signal)
    return answer.ServerSideEncryptionConfiguration?.Rules?.[0] ?? {}
  } catch (error) {
    const none = 'ServerSideEncryptionConfigurationNotFoundError'
    if (isCofferError(error) && error.facts.awsCode === none) return {}
    throw error
  }
}
