import { z } from 'zod'
import { KmsError } from '../../request.ts'
import { authorize } from '../access.ts'
import { DAY, findKey, requireNotPending } from '../core.ts'
import { keyArn } from '../names.ts'
import { keyIdField, operation, type Operation } from '../operation.ts'

export const deletionOperations: Record<string, Operation> = {
  ScheduleKeyDeletion: operation(
    { KeyId: keyIdField, PendingWindowInDays: z.number().int().min(7).max(30).default(30) },
    (core, caller, input) => {
      const key = findKey(core, input.KeyId)
      authorize(caller, key, 'kms:ScheduleKeyDeletion')
      requireNotPending(key)
      const deletionAt = core.now() + input.PendingWindowInDays * DAY
      core.store.saveKey({ ...key, enabled: false, deletionAt })
      return {
        KeyId: keyArn(key.id),
        DeletionDate: deletionAt / 1000,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: input.PendingWindowInDays,
      }
    },
  ),
  /** Leaves the key disabled, as AWS does: using it again is a second decision. */
  CancelKeyDeletion: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:CancelKeyDeletion')
    if (key.deletionAt === null) {
      throw new KmsError('KMSInvalidStateException', `${keyArn(key.id)} is not pending deletion.`)
    }
    core.store.saveKey({ ...key, enabled: false, deletionAt: null })
    return { KeyId: keyArn(key.id) }
  }),
}
