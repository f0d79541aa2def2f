import { randomBytes, randomUUID } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { KmsError, type Principal } from '../request.ts'
import { unwrap, wrap } from '../wrap.ts'
import { aliasArn, keyArn, parseKeyName } from './names.ts'
import { DEFAULT_POLICY, MANAGED_S3_POLICY } from './policy/defaults.ts'
import type { KeyRecord, KmsStore, MaterialRecord } from './store.ts'

/** What every KMS operation works on. */
export interface Core {
  store: KmsStore
  /** 32 bytes. */
  wrappingKey: Buffer
  /** Milliseconds since the epoch. */
  now: () => number
  principalExists: (arn: string) => boolean
}

/** Who asks, and through which service if not directly (`kms:ViaService`). */
export interface Caller {
  principal: Principal
  via: string | undefined
}

export const MANAGED_S3_ALIAS = 'alias/aws/s3'
export const DAY = 86_400_000
export const DEFAULT_ROTATION_DAYS = 365

/** The key that a KeyId parameter stands for, with what is due done to it. Throws NotFoundException. */
export function findKey(core: Core, keyId: string): KeyRecord {
  const name = parseKeyName(keyId)
  const id = name.kind === 'key' ? name.id : aliasTarget(core, name.name)
  const key = core.store.key(id)
  const settled = key && settle(core, key)
  if (!settled) throw new KmsError('NotFoundException', `Key '${keyArn(id)}' does not exist`)
  return settled
}

/** Makes a key with its first material. */
export function createKey(core: Core, wishes: Partial<KeyRecord> = {}): KeyRecord {
  const key: KeyRecord = {
    id: randomUUID(),
    description: '',
    manager: 'CUSTOMER',
    enabled: true,
    createdAt: core.now(),
    deletionAt: null,
    policy: DEFAULT_POLICY,
    rotationDays: null,
    nextRotationAt: null,
    version: 1,
    ...wishes,
  }
  core.store.saveKey(key)
  core.store.addMaterial(key.id, newMaterial(core, key.id, key.version, null))
  return key
}

/** Gives a key new material; what the old material encrypted stays readable. */
export function rotate(core: Core, key: KeyRecord, how: 'AUTOMATIC' | 'ON_DEMAND'): KeyRecord {
  const rotated = { ...key, version: key.version + 1 }
  core.store.addMaterial(key.id, newMaterial(core, key.id, rotated.version, how))
  core.store.saveKey(rotated)
  return rotated
}

/** Does what is due to every key: rotations, and deletions, which destroy the material. */
export function settleAll(core: Core): void {
  for (const key of core.store.keys()) settle(core, key)
}

/** A material in the clear; the caller zeroes it. Undefined where the key never had that version. */
export function openMaterial(
  core: Core,
  keyId: string,
  version: number,
): { key: Buffer; materialId: string } | undefined {
  const record = core.store.material(keyId, version)
  if (!record) return undefined
  return { key: unwrap(core.wrappingKey, materialName(keyId, version), record.wrapped), materialId: record.materialId }
}

/** Throws DisabledException or KMSInvalidStateException unless the key may be used. */
export function requireEnabled(key: KeyRecord): void {
  requireNotPending(key)
  if (!key.enabled) throw new KmsError('DisabledException', `${keyArn(key.id)} is disabled.`)
}

/** Throws KMSInvalidStateException if the key waits for its deletion. */
export function requireNotPending(key: KeyRecord): void {
  if (key.deletionAt === null) return
  throw new KmsError('KMSInvalidStateException', `${keyArn(key.id)} is pending deletion.`)
}

function aliasTarget(core: Core, name: string): string {
  const alias = core.store.alias(name)
  if (alias) return alias.keyId
  if (name === MANAGED_S3_ALIAS) return createManagedS3Key(core)
  throw new KmsError('NotFoundException', `Alias ${aliasArn(name)} is not found.`)
}

function createManagedS3Key(core: Core): string {
  return core.store.transaction(() => {
    const now = core.now()
    const { id } = createKey(core, {
      description: 'Default key that protects my S3 objects when no other key is defined',
      manager: 'AWS',
      policy: MANAGED_S3_POLICY,
      rotationDays: DEFAULT_ROTATION_DAYS,
      nextRotationAt: now + DEFAULT_ROTATION_DAYS * DAY,
    })
    core.store.saveAlias({ name: MANAGED_S3_ALIAS, keyId: id, createdAt: now, updatedAt: now })
    return id
  })
}

/** Does what is due to a key; undefined if that was its deletion. As in AWS, only an enabled key rotates by itself. */
function settle(core: Core, key: KeyRecord): KeyRecord | undefined {
  const now = core.now()
  if (key.deletionAt !== null && key.deletionAt <= now) {
    core.store.destroyKey(key.id)
    return undefined
  }
  if (!key.enabled || key.deletionAt !== null || key.rotationDays === null) return key
  if (key.nextRotationAt === null || key.nextRotationAt > now) return key
  const next = { ...key, nextRotationAt: now + key.rotationDays * DAY }
  return core.store.transaction(() => rotate(core, next, 'AUTOMATIC'))
}

function newMaterial(core: Core, keyId: string, version: number, rotation: MaterialRecord['rotation']): MaterialRecord {
  const material = randomBytes(32)
  const wrapped = wrap(core.wrappingKey, materialName(keyId, version), material)
  zero(material)
  return { version, materialId: randomBytes(32).toString('hex'), wrapped, createdAt: core.now(), rotation }
}

function materialName(keyId: string, version: number): string {
  return `${keyId}|${version}`
}
