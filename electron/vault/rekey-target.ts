import { bucketEncryption } from '../cloud/bucket-encryption.ts'
import { usesCustomerKey, type ModeChoice, type ObservedMode } from '../base/mode-names.ts'
import { legacyReason } from '../envelope/envelope.ts'
import { callersPairs } from '../envelope/kms-context.ts'
import { envelopeOf } from '../modes/client-side.ts'
import { claimKey } from '../modes/customer-keys.ts'
import type { ModeOptions, ObjectFacts, Recognition } from '../modes/mode.ts'
import { isKmsManaged, KMS_TWO_LAYERS } from '../modes/server-side.ts'
import { isKey, namesOfKmsKey } from './key-names.ts'
import type { Vault } from './vault.ts'

/** Where objects are to get to, in a form that can be compared with where they are. */
export interface Target {
  /** Undefined: what the bucket does by itself cannot be told, so no object is known to be there. */
  mode: ObservedMode | undefined
  /** Undefined: the mode has none, or it cannot be told. */
  keyNames: string[] | undefined
  options: ModeOptions
}

/** Looks the target's key up, so that a mistake shows before the first object. Throws KEY_NOT_FOUND, KEY_PURPOSE, KMS_KEY_NOT_FOUND, INVALID_INPUT. */
export async function resolveTarget(
  vault: Vault,
  { bucket, mode, to }: { bucket: string | undefined; mode: ModeChoice; to: ModeOptions },
  signal: AbortSignal,
): Promise<Target> {
  if (mode === 'bucket-default') return bucketTarget(vault, bucket, to, signal)
  if (mode === 'sse-s3') return { mode, keyNames: undefined, options: to }
  if (usesCustomerKey(mode)) {
    const { id } = await claimKey(vault.keys, to.key, mode)
    return { mode, keyNames: [id], options: to }
  }
  return { mode, keyNames: await kmsNames(vault, to.key, signal), options: to }
}

/** Without a key, S3 takes the account's own, which may not be there before it is first used. */
async function kmsNames(vault: Vault, key: string | undefined, signal: AbortSignal): Promise<string[] | undefined> {
  if (key !== undefined) return namesOfKmsKey(vault, key, signal)
  return namesOfKmsKey(vault, 'alias/aws/s3', signal).catch(() => undefined)
}

async function bucketTarget(
  vault: Vault,
  bucket: string | undefined,
  to: ModeOptions,
  signal: AbortSignal,
): Promise<Target> {
  const encryption = bucket === undefined ? null : await bucketEncryption(vault.s3, bucket, signal)
  const { algorithm, kmsKeyId } = encryption ?? {}
  if (algorithm === 'AES256') return { mode: 'sse-s3', keyNames: undefined, options: to }
  if (!isKmsManaged(algorithm)) return { mode: undefined, keyNames: undefined, options: to }
  const options = { ...to, dsse: algorithm === KMS_TWO_LAYERS }
  return { mode: 'sse-kms', keyNames: await kmsNames(vault, kmsKeyId, signal), options }
}

/** True if an object is where it is to get to already. */
export function isThere({ mode, keyNames, options }: Target, now: Recognition, facts: ObjectFacts): boolean {
  if (mode !== now.mode) return false
  if (mode === 'sse-s3') return true
  if (keyNames === undefined || now.keyId === undefined || !isKey(keyNames, now.keyId)) return false
  if (mode === 'sse-kms') return sameKmsManner(options, facts)
  return mode === 'sse-c' || sameEnvelope(options, facts)
}

/** The encryption context of SSE-KMS is not reported, so one that is asked for cannot be known to be there. */
function sameKmsManner({ dsse = false, bucketKey, encryptionContext = {} }: ModeOptions, facts: ObjectFacts): boolean {
  if (dsse !== (facts.serverSideEncryption === KMS_TWO_LAYERS)) return false
  if (bucketKey !== undefined && bucketKey !== facts.bucketKeyEnabled) return false
  return Object.keys(encryptionContext).length === 0
}

function sameEnvelope({ format = 'v3', encryptionContext = {} }: ModeOptions, facts: ObjectFacts): boolean {
  const envelope = envelopeOf(facts)
  if (envelope === null || envelope.content.format !== format || legacyReason(envelope) !== null) return false
  if (envelope.wrapped.algorithm !== 'kms+context') return true
  return samePairs(callersPairs(envelope.wrapped.description), encryptionContext)
}

function samePairs(one: Record<string, string>, other: Record<string, string>): boolean {
  const inOrder = (pairs: Record<string, string>): string => JSON.stringify(Object.entries(pairs).sort())
  return inOrder(one) === inOrder(other)
}
