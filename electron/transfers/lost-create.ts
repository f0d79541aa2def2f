import { ListPartsCommand, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { uploadsOf } from '../cloud/list-uploads.ts'
import { send } from '../cloud/send.ts'
import { backOff, isPassing } from './backoff.ts'
import { abortUpload } from './abort-upload.ts'

interface Created {
  UploadId?: string | undefined
  $metadata: { attempts?: number }
}

/** Clocks differ a little, and servers round. */
const SLACK_MS = 5_000

/** How long the search for what was lost may take. */
const SEARCH_MS = 15_000

/**
 * Runs a CreateMultipartUpload. Where its answer is lost on the way, the upload is there and nobody knows its id, and S3
 * bills it for ever; so after a repeat or a failure, what the lost requests began is looked for and aborted.
 */
export async function despiteLostUpload<T extends Created>(
  s3: S3Client,
  object: { bucket: string; key: string },
  create: () => Promise<T>,
): Promise<T> {
  const since = Date.now() + s3.config.systemClockOffset - SLACK_MS
  try {
    const created = await create()
    if ((created.$metadata.attempts ?? 1) > 1) await abortLost(s3, object, since, created.UploadId)
    return created
  } catch (error) {
    if (isPassing(error) || isCofferError(error, 'CANCELLED')) await abortLost(s3, object, since, undefined)
    throw error
  }
}

/** Best effort, for as long as a bad network may need to become a better one. */
async function abortLost(
  s3: S3Client,
  object: { bucket: string; key: string },
  since: number,
  known: string | undefined,
): Promise<void> {
  const signal = AbortSignal.timeout(SEARCH_MS)
  for (let attempt = 1; ; attempt++) {
    try {
      await abortStrays(s3, object, { since, until: Infinity, known }, signal)
      return
    } catch (error) {
      if (!isPassing(error)) return
    }
    await backOff(attempt, signal).catch(() => undefined)
  }
}

/**
 * Aborts the uploads of this very key that began in a span of time (milliseconds since 1970, by the server's clock), hold no
 * part, and are not the one that is known. True if none is left of them. Throws what `send` throws.
 */
export async function abortStrays(
  s3: S3Client,
  { bucket, key }: { bucket: string; key: string },
  { since, until, known }: { since: number; until: number; known: string | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  let allGone = true
  for await (const { uploadId, began = -Infinity } of uploadsOf(s3, bucket, key, signal, { isProof: true })) {
    if (uploadId === known || began < since || began > until) continue
    const first = new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, MaxParts: 1 })
    const { Parts = [] } = await send(s3, first, signal)
    if (Parts.length > 0) continue
    if (!(await abortUpload(s3, { bucket, key, uploadId }))) allGone = false
  }
  return allGone
}
