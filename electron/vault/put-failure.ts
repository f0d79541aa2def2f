import { isCofferError } from '../base/errors.ts'
import { isPause } from '../base/pause.ts'
import type { HeldUpload } from '../store/uploads.ts'
import { isPassing } from '../transfers/backoff.ts'
import { abandon } from './abandon.ts'
import type { PutWatch, Vault } from './vault.ts'

/**
 * Sees to what a put that failed leaves: nothing, but after a pause, or after a failure that may pass where the caller means
 * to try again. What cannot be removed now stays written down. Lets go of the upload in any case.
 */
export async function settleFailure(vault: Vault, held: HeldUpload, error: unknown, watch: PutWatch): Promise<void> {
  using upload = held
  if (isPause(watch.signal) || isCofferError(error, 'PAUSED')) return
  if (watch.keep === true && mayPass(error)) return
  if (upload.saved.opened === undefined && isRefusal(error)) upload.drop()
  else await abandon(vault, upload)
}

/** Better luck next time, or after signing in again. */
function mayPass(error: unknown): boolean {
  return isPassing(error) || isCofferError(error, 'CREDENTIALS_EXPIRED')
}

/** S3 has answered, so it has opened nothing. */
function isRefusal(error: unknown): boolean {
  return !isPassing(error) && !isCofferError(error, 'CANCELLED')
}
