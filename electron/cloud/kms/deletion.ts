import type { KMSClient } from '@aws-sdk/client-kms'
import { CancelKeyDeletionCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { CofferError } from '../../base/errors.ts'
import { aliasName } from '../../base/kms-names.ts'
import { send } from '../send.ts'
import { describeKey, ownKeyId } from './keys.ts'

/**
 * Deletes a key after 7 to 30 days in which it cannot be used. `confirm` is the key's id, ARN or one of its aliases, typed
 * by the person. Throws INVALID_INPUT if it is another, KMS_KEY_PENDING_DELETION, KMS_DENIED.
 */
export async function scheduleDeletion(
  kms: KMSClient,
  key: string,
  { days, confirm }: { days: number; confirm: string },
  signal: AbortSignal,
): Promise<void> {
  const KeyId = await ownKeyId(kms, key, signal)
  const { keyId, arn, aliases } = await describeKey(kms, KeyId, signal)
  if (![keyId, arn].includes(confirm) && !aliases.includes(aliasName(confirm))) {
    const names = [...aliases, keyId].join(' or ')
    throw new CofferError('INVALID_INPUT', `To delete the key, its name must be given exactly: ${names}.`)
  }
  await send(kms, new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: days }), signal)
}

/** Keeps the key after all. It is disabled then: using it again is a decision of its own. Throws INVALID_INPUT. */
export async function cancelDeletion(kms: KMSClient, key: string, signal: AbortSignal): Promise<void> {
  await send(kms, new CancelKeyDeletionCommand({ KeyId: await ownKeyId(kms, key, signal) }), signal)
}
