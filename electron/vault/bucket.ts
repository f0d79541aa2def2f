import { CreateBucketCommand, HeadBucketCommand, type BucketLocationConstraint } from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import { bucketEncryption } from '../cloud/bucket-encryption.ts'
import { send } from '../cloud/send.ts'
import type { Vault } from './vault.ts'

/** Buckets that were seen to be there, so that a folder of small files asks once. */
const seen = new WeakMap<Vault['s3'], Set<string>>()

/** On This computer a bucket that is missing is made; anywhere else somebody has to want it, and pay for it. */
export async function makeBucketIfMissing(vault: Vault, bucket: string, signal: AbortSignal): Promise<void> {
  if (!vault.makesBuckets) return
  const known = seen.get(vault.s3) ?? new Set()
  seen.set(vault.s3, known)
  if (known.has(bucket)) return
  try {
    await send(vault.s3, new HeadBucketCommand({ Bucket: bucket }), signal)
  } catch (error) {
    if (!isCofferError(error, 'BUCKET_NOT_FOUND')) throw error
    await make(vault, bucket, signal)
  }
  known.add(bucket)
}

async function make(vault: Vault, bucket: string, signal: AbortSignal): Promise<void> {
  const region = await vault.s3.config.region()
  // us-east-1 is S3's home and must not be named (Amazon S3 API, CreateBucket).
  const location =
    region === 'us-east-1'
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }
  try {
    await send(vault.s3, new CreateBucketCommand({ Bucket: bucket, ...location }), signal)
  } catch (error) {
    // Another file of the same folder was faster.
    if (!isCofferError(error) || error.facts.awsCode !== 'BucketAlreadyOwnedByYou') throw error
  }
}

/** A failed write, with what its bucket adds: the command that makes it, or its block of SSE-C behind a bare "denied". */
export async function explainWriteFailure(
  vault: Vault,
  { bucket, customerKey }: { bucket: string; customerKey: boolean },
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (isCofferError(error, 'BUCKET_NOT_FOUND')) {
    return new CofferError('BUCKET_NOT_FOUND', error.message, {
      hint: `Make it first: ${await makeCommand(vault, bucket)}`,
      facts: error.facts,
    })
  }
  if (isCofferError(error, 'ACCESS_DENIED') && customerKey) {
    const encryption = await bucketEncryption(vault.s3, bucket, signal).catch(() => null)
    if (encryption?.blocksCustomerKeys !== true) return error
    return new CofferError('SSE_C_BLOCKED', `The bucket ${bucket} takes no objects under SSE-C.`, {
      facts: error.facts,
    })
  }
  return error
}

async function makeCommand({ s3 }: Vault, bucket: string): Promise<string> {
  const custom = await s3.config.endpoint?.()
  const region = await s3.config.region()
  if (custom === undefined) return `aws s3 mb s3://${bucket} --region ${region}`
  const port = custom.port === undefined ? '' : `:${custom.port}`
  return `aws s3 mb s3://${bucket} --endpoint-url ${custom.protocol}//${custom.hostname}${port}`
}
