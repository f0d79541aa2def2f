import { AbortMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { backOff, isPassing } from './backoff.ts'

/** How long a cancelled transfer tries to tidy up after itself. */
const ABORT_MS = 15_000

/** After so many answers of 200, it is the server's way of saying 204. */
const DOUBTS = 3

/**
 * Best effort, and not stopped by what stopped the upload: a bad network has its time to become a better one. What it
 * cannot remove is offered for clean-up at the next start. True if the upload is gone.
 */
export async function abortUpload(
  s3: S3Client,
  { bucket, key, uploadId }: { bucket: string; key: string; uploadId: string },
): Promise<boolean> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
  const signal = AbortSignal.timeout(ABORT_MS)
  for (let attempt = 1; ; attempt++) {
    try {
      const { $metadata } = await send(s3, command, signal)
      // S3 answers 204. A 200 may be from a network that wants its terms accepted first: the next answer tells.
      if ($metadata.httpStatusCode !== 200 || attempt === DOUBTS) return true
    } catch (error) {
      if (!isPassing(error)) return isCofferError(error) && error.facts.awsCode === 'NoSuchUpload'
    }
    await backOff(attempt, signal).catch(() => undefined)
  }
}
