import { GetBucketVersioningCommand, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from './send.ts'

/**
 * Whether a bucket keeps what is replaced and removed. `off`: it never did. `suspended`: it keeps what it has of older
 * versions and makes no new ones.
 */
export type Versioning = 'off' | 'on' | 'suspended'

/**
 * Null if it cannot be known: not allowed to look (s3:GetBucketVersioning), or the server has no such thing. Throws
 * BUCKET_NOT_FOUND and failures of the network.
 */
export async function bucketVersioning(s3: S3Client, bucket: string, signal: AbortSignal): Promise<Versioning | null> {
  try {
    const { Status } = await send(s3, new GetBucketVersioningCommand({ Bucket: bucket }), signal)
    if (Status === undefined) return 'off'
    return Status === 'Enabled' ? 'on' : 'suspended'
  } catch (error) {
    if (isCofferError(error, 'ACCESS_DENIED') || isCofferError(error, 'UNSUPPORTED')) return null
    throw error
  }
}

/** Once on, versioning can only be suspended, never taken away (Amazon S3 API, PutBucketVersioning). Throws what `send` throws. */
export async function setBucketVersioning(
  s3: S3Client,
  bucket: string,
  versioning: 'on' | 'suspended',
  signal: AbortSignal,
): Promise<void> {
  const VersioningConfiguration = { Status: versioning === 'on' ? 'Enabled' : 'Suspended' } as const
  await send(s3, new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }), signal)
}
