import {
  GetObjectCommand,
  ListObjectsV2Command,
  type GetObjectCommandInput,
  type HeadObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { throwIfAborted } from '../base/abort.ts'
import type { CofferError } from '../base/errors.ts'
import type { Call } from './answer.ts'
import { dropBody } from './body.ts'
import { hintAtAddress } from './bucket-address.ts'
import { describeFailure } from './failure.ts'

/** The failure to throw in the place of one that its request alone does not explain. */
export async function explained(
  s3: S3Client,
  call: Call,
  failure: CofferError,
  signal: AbortSignal,
): Promise<CofferError> {
  const reason = await explainHead(s3, call, failure, signal)
  return hintAtAddress(s3, call.input.Bucket, reason)
}

/** Statuses that say enough by themselves, or pass by themselves; every other one has many reasons (403, 402, 409, 423, 507). */
const EXPLAINED = new Set(['404', '412', '416', '429', '500', '502', '503', '504'])

/**
 * An answer to HEAD has no body, so a refusal has no reason: a 400 is an object under SSE-C, an expired token, a wrong
 * clock or a request that timed out. Asks for one byte of the object, or one line of the bucket, under the same terms; that
 * answer's body gives the reason. Returns the failure to throw instead; the given one if no question can explain it.
 */
async function explainHead(
  s3: S3Client,
  { operation, input }: Call,
  failure: CofferError,
  signal: AbortSignal,
): Promise<CofferError> {
  const { status = '' } = failure.facts
  if (failure.facts.operation !== operation || Number(status) < 400 || EXPLAINED.has(status)) return failure
  if (operation === 'HeadObject') return explainObject(s3, input as unknown as HeadObjectCommandInput, failure, signal)
  if (operation === 'HeadBucket') return explainBucket(s3, String(input.Bucket), failure, signal)
  return failure
}

async function explainObject(
  s3: S3Client,
  head: HeadObjectCommandInput,
  failure: CofferError,
  signal: AbortSignal,
): Promise<CofferError> {
  const { Bucket, Key, VersionId, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = head
  const which = { Bucket, Key, VersionId, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
  const input: GetObjectCommandInput = { ...which, Range: 'bytes=0-0' }
  try {
    const { Body } = await s3.send(new GetObjectCommand(input), { abortSignal: signal })
    dropBody(Body)
    return failure
  } catch (error) {
    throwIfAborted(signal)
    const reason = describeFailure(error, { service: 'S3', operation: 'GetObject', input: { ...input } })
    // Of an object without content no server gives a first byte.
    return reason.facts.status === '416' ? failure : reason
  }
}

async function explainBucket(
  s3: S3Client,
  bucket: string,
  failure: CofferError,
  signal: AbortSignal,
): Promise<CofferError> {
  const input = { Bucket: bucket, MaxKeys: 1 }
  try {
    await s3.send(new ListObjectsV2Command(input), { abortSignal: signal })
    return failure
  } catch (error) {
    throwIfAborted(signal)
    return describeFailure(error, { service: 'S3', operation: 'ListObjectsV2', input })
  }
}
