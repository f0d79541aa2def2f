import type { HeldUpload } from '../store/uploads.ts'
import { abortUpload } from '../transfers/abort-upload.ts'
import { abortStrays } from '../transfers/lost-create.ts'
import type { Vault } from './vault.ts'

/** Clocks differ a little, and servers round. */
const SLACK_MS = 5_000

/** S3 takes no request that was signed longer ago, so what one of them opened was opened by then. */
const LATEST_MS = 15 * 60_000

const SEARCH_MS = 15_000

/**
 * Gives an upload up: aborts it at S3 and forgets it. Where S3's answer to its opening never came, what that may have opened
 * is looked for. Best effort, and not stopped by what stopped the upload; false if something may be left: then it stays
 * written down, for the next clean-up. Lets go of it in any case.
 */
export async function abandon(vault: Vault, held: HeldUpload): Promise<boolean> {
  using upload = held
  const { bucket, key, opened, createdAt } = upload.saved
  const gone =
    opened === undefined
      ? await abortUnanswered(vault, { bucket, key }, createdAt)
      : await abortUpload(vault.s3, { bucket, key, uploadId: opened.uploadId })
  if (gone) upload.drop()
  return gone
}

/**
 * Aborts what requests for an upload of this key may have opened whose answer nobody has recorded. Best effort; false if
 * something may be left. `asked`: when the first of them was sent, by this computer's clock.
 */
export async function abortUnanswered(
  { s3 }: Vault,
  object: { bucket: string; key: string },
  asked: Date,
): Promise<boolean> {
  const at = asked.getTime() + s3.config.systemClockOffset
  const span = { since: at - SLACK_MS, until: at + LATEST_MS, known: undefined }
  return abortStrays(s3, object, span, AbortSignal.timeout(SEARCH_MS)).catch(() => false)
}
