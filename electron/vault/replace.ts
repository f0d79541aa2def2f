import { randomBytes } from 'node:crypto'
import { DeleteObjectCommand, GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'
import { send, throwIfAborted } from '../cloud/send.ts'
import { headObject } from '../cloud/wire/wire.ts'
import type { ModeOptions, StoredFacts, WritePlan } from '../modes/mode.ts'
import type { Stored } from '../transfers/fetch-range.ts'
import type { Condition } from '../transfers/object.ts'
import { isLocked, type OwnProperties } from './own-properties.ts'
import { proveWrite } from './prove-write.ts'
import { putInPlace } from './put-in-place.ts'
import { howToReplace } from './replace-trial.ts'
import type { RekeyWatch, Vault } from './vault.ts'

/** Where new content is written, and under which condition. */
export interface Landing {
  key: string
  condition: Condition
  /** Asks a server that does not keep conditions what the condition says. */
  recheck?: (() => Promise<void>) | undefined
  /** It only lies there until it is in its place. */
  isTemporary: boolean
}

export interface Replacement {
  /** What is there now. */
  old: Stored
  /** Its user metadata. */
  oldMetadata: Record<string, string>
  /** Its version, as far as the server names it. */
  oldVersion: string | undefined
  plan: WritePlan
  options: ModeOptions
  own: OwnProperties
  write: (landing: Landing) => Promise<StoredFacts>
  /** Reads what was written as anyone will read it later; throws if it is not what it must be. */
  prove: (landingKey: string) => Promise<void>
  /** The same in a hurry: what was proven elsewhere opens here, too. */
  opens: (key: string) => Promise<void>
}

/**
 * Puts new content in an object's place and never loses the old: at every moment, a complete and readable version is there.
 *
 * In a versioned bucket the new version is written over the old one, which S3 keeps; if it does not prove itself it is
 * deleted, and the old one is the current one again. Elsewhere a write to the same key destroys the old content at once,
 * and a checksum of what was sent does not show that it can be opened again (a KMS key may allow encryption and deny
 * decryption). So there the new content is written beside the old, proven, and only then put over it, by a copy within S3 or
 * by way of this computer: as that server has been shown to do it well. Either way the last write is conditional: someone
 * else's newer object stays. Returns what was observed of the object that stays. Throws NOT_ENCRYPTED.
 */
export async function replaceSafely(vault: Vault, replacement: Replacement, watch: RekeyWatch): Promise<StoredFacts> {
  const { old, own } = replacement
  const staysVersion =
    (await isVersioned(vault, replacement, watch.signal)) &&
    (!isLocked(own.headers) || (await locksByItself(vault, old.bucket, watch.signal)))
  return staysVersion ? replaceVersion(vault, replacement, watch) : replaceBeside(vault, replacement, watch)
}

/** True for a key under which a re-key writes new content beside the old; a cut-off one may have left it. */
export function isBeside(key: string): boolean {
  return /\.coffer-[0-9a-f]{16}(?:-from|-to)?\.part$/.test(key)
}

/** A bucket that does not tell is treated as one that keeps nothing, and so is a server that names no version of the old. */
async function isVersioned(
  { s3, server }: Vault,
  { old, oldVersion }: Replacement,
  signal: AbortSignal,
): Promise<boolean> {
  if (server.kind === 'foreign' && oldVersion === undefined) return false
  try {
    const { Status } = await send(s3, new GetBucketVersioningCommand({ Bucket: old.bucket }), signal)
    return Status === 'Enabled'
  } catch {
    throwIfAborted(signal)
    return false
  }
}

/** True if the bucket locks whatever is written to it: then nothing that lies in it for a moment could be removed. */
async function locksByItself({ s3 }: Vault, bucket: string, signal: AbortSignal): Promise<boolean> {
  try {
    const command = new GetObjectLockConfigurationCommand({ Bucket: bucket })
    const { ObjectLockConfiguration } = await send(s3, command, signal)
    return ObjectLockConfiguration?.Rule !== undefined
  } catch (error) {
    throwIfAborted(signal)
    return isCofferError(error, 'ACCESS_DENIED')
  }
}

async function replaceVersion(
  vault: Vault,
  { old, plan, options, write, prove }: Replacement,
  { signal }: RekeyWatch,
): Promise<StoredFacts> {
  const { bucket, key } = old
  const recheck = vault.server.kind === 'foreign' ? () => stillThere(vault, old, signal) : undefined
  const answer = await write({ key, condition: { IfMatch: old.etag }, recheck, isTemporary: false })
  const stored = await proveWrite(vault, { bucket, key, plan, answer, options }, signal)
  try {
    await prove(key)
    return stored
  } catch (error) {
    if (stored.versionId !== undefined) await discard(vault, bucket, key, stored.versionId)
    throw error
  }
}

async function replaceBeside(vault: Vault, replacement: Replacement, watch: RekeyWatch): Promise<StoredFacts> {
  const { old, plan, options, write, prove } = replacement
  const { bucket } = old
  const { signal, trace } = watch
  const isForeign = vault.server.kind === 'foreign'
  const key = `${old.key}.coffer-${randomBytes(8).toString('hex')}.part`
  trace?.beside(key)
  const keep = { isNeeded: false }
  let versionId: string | undefined
  try {
    // Nobody else knows of this key.
    const recheck = isForeign ? () => Promise.resolve() : undefined
    const answer = await write({ key, condition: { IfNoneMatch: '*' }, recheck, isTemporary: true })
    versionId = answer.versionId
    const { etag, bytes } = await proveWrite(vault, { bucket, key, plan, answer, options }, signal)
    await prove(key)
    const how = await howToReplace(vault, replacement, key, signal)
    await stillThere(vault, old, signal)
    const from = { ...old, key, versionId: undefined, etag, size: bytes, customerKey: plan.customerKey }
    const isOld = isForeign ? () => stillThere(vault, old, signal) : undefined
    return await putInPlace(vault, { replacement, from, how, recheck: isOld, keep }, watch)
  } finally {
    // Where what is in the place cannot be read, this is all there is.
    if (keep.isNeeded || (await discard(vault, bucket, key, versionId))) trace?.besideGone()
    if (!keep.isNeeded) vault.catalog.gone(vault.place, bucket, key)
  }
}

/** How a server answers for an object that is gone, or is another one under another key. */
const NOT_THE_SAME: ErrorCode[] = ['OBJECT_NOT_FOUND', 'CUSTOMER_KEY_NEEDED', 'KEY_WRONG']

/** Servers exist that overlook `If-Match`; asked just before, they overwrite somebody's newer object less easily. */
async function stillThere({ s3 }: Vault, old: Stored, signal: AbortSignal): Promise<void> {
  const { bucket, key, etag, customerKey } = old
  const now = await headObject(s3, { Bucket: bucket, Key: key, ...customerKey }, signal).catch((error: unknown) => {
    if (NOT_THE_SAME.some((code) => isCofferError(error, code))) return null
    throw error
  })
  if (now?.ETag === etag) return
  throw new CofferError('CHANGED_WHILE_READ', `s3://${bucket}/${key} was replaced while it was re-keyed.`, {
    hint: 'What is there now was left as it is. Re-key it again.',
  })
}

const DISCARD_MS = 15_000

/** Best effort, and not stopped by what stopped the rest. False if it may still be there. */
async function discard({ s3 }: Vault, bucket: string, key: string, versionId: string | undefined): Promise<boolean> {
  const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })
  return send(s3, command, AbortSignal.timeout(DISCARD_MS)).then(
    () => true,
    () => false,
  )
}
