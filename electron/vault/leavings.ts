import { AbortMultipartUploadCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { uploadsOf } from '../cloud/list-uploads.ts'
import { send } from '../cloud/send.ts'
import { abortUnanswered } from './abandon.ts'
import { trialKeys } from './replace-trial.ts'
import type { Vault } from './vault.ts'
import { deleteVersion, versionsOf } from './versions.ts'

/** What a re-key of one object that was cut off may have left. */
export interface Leaving {
  bucket: string
  key: string
  /** A key that is nobody else's: whatever is under it goes. */
  beside: string | undefined
  /** An upload in parts to the object's own key. */
  uploadId: string | undefined
  /** From this moment on, such an upload may have been opened whose id was never recorded. */
  replacingSince: Date | undefined
}

/** Removes what a cut-off re-key left; what is gone already is no failure. Throws what `send` throws. */
export async function sweep(vault: Vault, leaving: Leaving, signal: AbortSignal): Promise<void> {
  const { bucket, key, beside, uploadId, replacingSince } = leaving
  if (uploadId !== undefined) await abort(vault, { bucket, key, uploadId }, signal)
  else if (replacingSince !== undefined) await abortUnanswered(vault, { bucket, key }, replacingSince)
  if (beside === undefined) return
  for await (const { uploadId: id } of uploadsOf(vault.s3, bucket, beside, signal)) {
    await abort(vault, { bucket, key: beside, uploadId: id }, signal)
  }
  for (const its of [beside, ...trialKeys(beside)]) await removeWhole(vault, { bucket, key: its }, signal)
  vault.catalog.gone(vault.place, bucket, beside)
}

/** With its versions, where the bucket keeps them. */
async function removeWhole(
  vault: Vault,
  { bucket, key }: { bucket: string; key: string },
  signal: AbortSignal,
): Promise<void> {
  const { DeleteMarker } = await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: key }), signal)
  if (DeleteMarker !== true) return
  for (const { id } of await versionsOf(vault, { bucket, key }, signal)) {
    await deleteVersion(vault, { bucket, key }, id, signal)
  }
}

async function abort(
  { s3 }: Vault,
  { bucket, key, uploadId }: { bucket: string; key: string; uploadId: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await send(s3, new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }), signal)
  } catch (error) {
    if (!isCofferError(error) || error.facts.awsCode !== 'NoSuchUpload') throw error
  }
}
