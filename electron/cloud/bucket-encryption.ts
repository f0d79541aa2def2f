import { GetBucketEncryptionCommand, type S3Client } from '@aws-sdk/client-s3'
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
    const answer = await send(s3, new GetBucketEncryptionCommand({ Bucket: bucket }), signal)
    const rule = answer.ServerSideEncryptionConfiguration?.Rules?.[0]
    const byDefault = rule?.ApplyServerSideEncryptionByDefault
    return {
      algorithm: byDefault?.SSEAlgorithm,
      kmsKeyId: byDefault?.KMSMasterKeyID,
      bucketKeyEnabled: rule?.BucketKeyEnabled ?? false,
      blocksCustomerKeys: rule?.BlockedEncryptionTypes?.EncryptionType?.includes('SSE-C') ?? false,
    }
  } catch (error) {
    if (!isCofferError(error)) throw error
    if (error.facts.awsCode === 'ServerSideEncryptionConfigurationNotFoundError') return NO_RULE
    if (error.code === 'ACCESS_DENIED' || error.code === 'UNSUPPORTED') return null
    throw error
  }
}

const NO_RULE: BucketEncryption = {
  algorithm: undefined,
  kmsKeyId: undefined,
  bucketKeyEnabled: false,
  blocksCustomerKeys: false,
}
