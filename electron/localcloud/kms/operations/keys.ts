import { z } from 'zod'
import { ACCOUNT } from '../../account.ts'
import { KmsError } from '../../request.ts'
import { authorize, requireOwner } from '../access.ts'
import { createKey, findKey, requireNotPending, type Core } from '../core.ts'
import { keyArn } from '../names.ts'
import { keyIdField, markerFields, operation, page, type Operation } from '../operation.ts'
import type { KeyRecord } from '../store.ts'
import { checkPolicy } from './policies.ts'
import { DEFAULT_POLICY } from '../policy/defaults.ts'
import { checkedTags, tagsField } from './tags.ts'

const descriptionField = z.string().max(8192)

export const keyOperations: Record<string, Operation> = {
  CreateKey: operation(
    {
      Description: descriptionField.default(''),
      Policy: z.string().min(1).optional(),
      BypassPolicyLockoutSafetyCheck: z.boolean().default(false),
      Tags: tagsField.default([]),
      KeyUsage: z.string().default('ENCRYPT_DECRYPT'),
      KeySpec: z.string().optional(),
      CustomerMasterKeySpec: z.string().optional(),
      Origin: z.string().default('AWS_KMS'),
      MultiRegion: z.boolean().default(false),
      CustomKeyStoreId: z.string().optional(),
      XksKeyId: z.string().optional(),
    },
    (core, caller, input) => {
      requireOwner(caller, 'kms:CreateKey')
      requireSupported(input)
      const tags = checkedTags([], input.Tags)
      const policy = input.Policy ?? DEFAULT_POLICY
      const key = core.store.transaction(() => {
        const made = createKey(core, { description: input.Description, policy })
        checkPolicy(core, caller, made.id, policy, input.BypassPolicyLockoutSafetyCheck)
        for (const tag of tags) core.store.saveTag(made.id, tag.TagKey, tag.TagValue)
        return made
      })
      return { KeyMetadata: keyMetadata(core, key) }
    },
  ),
  DescribeKey: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:DescribeKey')
    return { KeyMetadata: keyMetadata(core, key) }
  }),
  ListKeys: operation(markerFields(1000), (core, caller, input) => {
    requireOwner(caller, 'kms:ListKeys')
    const { items, more } = page(input, 100, core.store.keyIds, (id) => id)
    return { Keys: items.map((id) => ({ KeyId: id, KeyArn: keyArn(id) })), ...more }
  }),
  UpdateKeyDescription: operation({ KeyId: keyIdField, Description: descriptionField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:UpdateKeyDescription')
    requireNotPending(key)
    core.store.saveKey({ ...key, description: input.Description })
    return {}
  }),
  EnableKey: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:EnableKey')
    requireNotPending(key)
    core.store.saveKey({ ...key, enabled: true })
    return {}
  }),
  DisableKey: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:DisableKey')
    requireNotPending(key)
    core.store.saveKey({ ...key, enabled: false })
    return {}
  }),
}

/** KeyMetadata as AWS tells it; dates in seconds. */
function keyMetadata(core: Core, key: KeyRecord): object {
  const state = key.deletionAt !== null ? 'PendingDeletion' : key.enabled ? 'Enabled' : 'Disabled'
  return {
    AWSAccountId: ACCOUNT,
    KeyId: key.id,
    Arn: keyArn(key.id),
    CreationDate: key.createdAt / 1000,
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: state,
    ...(key.deletionAt === null ? {} : { DeletionDate: key.deletionAt / 1000 }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    CurrentKeyMaterialId: core.store.material(key.id, key.version)?.materialId,
  }
}

interface KeyWishes {
  KeyUsage: string
  KeySpec?: string | undefined
  CustomerMasterKeySpec?: string | undefined
  Origin: string
  MultiRegion: boolean
  CustomKeyStoreId?: string | undefined
  XksKeyId?: string | undefined
}

function requireSupported(wishes: KeyWishes): void {
  const spec = wishes.KeySpec ?? wishes.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
  const plain =
    spec === 'SYMMETRIC_DEFAULT' &&
    wishes.KeyUsage === 'ENCRYPT_DECRYPT' &&
    wishes.Origin === 'AWS_KMS' &&
    !wishes.MultiRegion &&
    wishes.CustomKeyStoreId === undefined &&
    wishes.XksKeyId === undefined
  if (plain) return
  throw new KmsError(
    'UnsupportedOperationException',
    'Only symmetric encryption keys (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT, AWS_KMS, one region) can be made here.',
  )
}
