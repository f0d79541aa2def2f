import { z } from 'zod'
import { KmsError } from '../../request.ts'
import { authorize } from '../access.ts'
import { DAY, DEFAULT_ROTATION_DAYS, findKey, requireEnabled, requireNotPending, rotate } from '../core.ts'
import { keyArn } from '../names.ts'
import { keyIdField, markerFields, operation, page, type Operation } from '../operation.ts'
import type { KeyRecord, MaterialRecord } from '../store.ts'

export const rotationOperations: Record<string, Operation> = {
  EnableKeyRotation: operation(
    { KeyId: keyIdField, RotationPeriodInDays: z.number().int().min(90).max(2560).optional() },
    (core, caller, input) => {
      const key = findKey(core, input.KeyId)
      authorize(caller, key, 'kms:EnableKeyRotation')
      requireCustomerKey(key)
      requireEnabled(key)
      const days = input.RotationPeriodInDays ?? key.rotationDays ?? DEFAULT_ROTATION_DAYS
      if (days === key.rotationDays) return {}
      core.store.saveKey({ ...key, rotationDays: days, nextRotationAt: core.now() + days * DAY })
      return {}
    },
  ),
  DisableKeyRotation: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:DisableKeyRotation')
    requireCustomerKey(key)
    requireEnabled(key)
    core.store.saveKey({ ...key, rotationDays: null, nextRotationAt: null })
    return {}
  }),
  GetKeyRotationStatus: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:GetKeyRotationStatus')
    const base = { KeyId: keyArn(key.id), KeyRotationEnabled: key.rotationDays !== null && key.deletionAt === null }
    if (key.rotationDays === null || key.nextRotationAt === null || key.deletionAt !== null) return base
    return { ...base, RotationPeriodInDays: key.rotationDays, NextRotationDate: key.nextRotationAt / 1000 }
  }),
  RotateKeyOnDemand: operation({ KeyId: keyIdField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:RotateKeyOnDemand')
    requireCustomerKey(key)
    requireEnabled(key)
    core.store.transaction(() => rotate(core, key, 'ON_DEMAND'))
    return { KeyId: keyArn(key.id) }
  }),
  ListKeyRotations: operation(
    {
      KeyId: keyIdField,
      IncludeKeyMaterial: z.enum(['ROTATIONS_ONLY', 'ALL_KEY_MATERIAL']).default('ROTATIONS_ONLY'),
      ...markerFields(1000),
    },
    (core, caller, input) => {
      const key = findKey(core, input.KeyId)
      authorize(caller, key, 'kms:ListKeyRotations')
      requireNotPending(key)
      const shown = core.store
        .materials(key.id)
        .filter(({ rotation }) => rotation !== null || input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL')
      const after = (version: string, limit: number): MaterialRecord[] =>
        shown.filter((material) => material.version > Number(version)).slice(0, limit)
      const { items, more } = page(input, 100, after, (material) => String(material.version))
      return { Rotations: items.map((material) => describe(key, material)), ...more }
    },
  ),
}

function describe(key: KeyRecord, material: MaterialRecord): object {
  const entry = {
    KeyId: keyArn(key.id),
    KeyMaterialId: material.materialId,
    KeyMaterialState: material.version === key.version ? 'CURRENT' : 'NON_CURRENT',
  }
  if (material.rotation === null) return entry
  return { ...entry, RotationDate: material.createdAt / 1000, RotationType: material.rotation }
}

function requireCustomerKey(key: KeyRecord): void {
  if (key.manager === 'CUSTOMER') return
  throw new KmsError('UnsupportedOperationException', `${keyArn(key.id)} is managed by AWS and rotates by itself.`)
}
