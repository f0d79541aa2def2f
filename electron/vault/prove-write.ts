import { DeleteObjectCommand, type HeadObjectCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import { isKnownNotToEncrypt, type WriteWay } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import { headObject } from '../cloud/wire/wire.ts'
import type { ModeOptions, StoredFacts } from '../modes/mode.ts'
import { isSameEtag, observeWrite, type WriteFault, type WrittenObject } from './observe-write.ts'
import type { Vault } from './vault.ts'

/**
 * Makes sure that an object which was just written is encrypted as it was asked to be, and can be read again. What is not is
 * removed again, its version too, unless plaintext was consented to (`allowUnencrypted`). Returns what was observed. Throws
 * NOT_ENCRYPTED, INTEGRITY if the server does not keep the object's metadata, and what `observeWrite` throws.
 */
export async function proveWrite(vault: Vault, written: WrittenObject, signal: AbortSignal): Promise<StoredFacts> {
  const { stored, fault } = await observeWrite(vault, written, signal)
  if (fault === null) return stored
  if (isConsented(fault, written.options)) return asPlaintext(stored)
  const isGone = await removeAgain(vault, { ...written, answer: stored })
  throw describeFault(vault, written, fault, isGone ? 'removed' : 'stays')
}

/** True if the person has said that plaintext is meant. */
export function isConsented({ kind }: WriteFault, { allowUnencrypted }: ModeOptions): boolean {
  return kind === 'not-encrypted' && allowUnencrypted === true
}

/** What a server says of a customer's key that it has no use for is not repeated. */
export function asPlaintext(stored: StoredFacts): StoredFacts {
  return { ...stored, customerAlgorithm: undefined, customerKeyMd5: undefined }
}

/** Throws NOT_ENCRYPTED, before anything is sent, where the place's test has found that the server would store plaintext. */
export function refuseKnownPlaintext(
  { server }: Vault,
  { mode, way, options }: { mode: ModeChoice; way: WriteWay; options: ModeOptions },
): void {
  if (mode === 'bucket-default' || options.allowUnencrypted === true) return
  if (!isKnownNotToEncrypt(server, mode, way)) return
  throw new CofferError(
    'NOT_ENCRYPTED',
    `The test of this place has shown that ${server.name} does not encrypt what it is to store under ${mode.toUpperCase()}. Nothing was sent.`,
    { facts: { mode, server: server.name } },
  )
}

const REMOVE_MS = 15_000

/** Removes what was just written, its version if it has one. Not stopped by what stopped the rest. False if it may still lie there. */
export async function removeAgain({ s3 }: Vault, { bucket, key, answer }: WrittenObject): Promise<boolean> {
  const { versionId } = answer
  const signal = AbortSignal.timeout(REMOVE_MS)
  try {
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    const { DeleteMarker } = await send(s3, command, signal)
    // A server that keeps versions and does not name them has only hidden it.
    if (versionId === undefined && DeleteMarker === true) return false
    return await isGone(s3, { Bucket: bucket, Key: key, VersionId: versionId }, answer.etag, signal)
  } catch {
    return false
  }
}

/** Servers differ in what they say of a version that is gone; then the key itself is asked about. */
async function isGone(
  s3: S3Client,
  which: HeadObjectCommandInput,
  etag: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return !isSameEtag((await headObject(s3, which, signal)).ETag ?? '', etag)
  } catch (error) {
    if (isCofferError(error, 'OBJECT_NOT_FOUND')) return true
    if (which.VersionId === undefined) throw error
    return isGone(s3, { ...which, VersionId: undefined }, etag, signal)
  }
}

/** What became of an object that has a fault. `untouched`: the fault showed when it was tried out elsewhere. */
type Afterwards = 'removed' | 'stays' | 'untouched'

const AFTERWARDS: Record<Afterwards, string> = {
  removed: 'It was removed again.',
  stays: 'It could not be removed again: it still lies there.',
  untouched: 'This was tried out with random bytes; the object is as it was.',
}

/** The failure of a write with a fault. */
export function describeFault(
  { server }: Vault,
  { bucket, key, plan }: WrittenObject,
  { kind, what }: WriteFault,
  afterwards: Afterwards,
): CofferError {
  const name = `s3://${bucket}/${key}`
  const does = afterwards === 'untouched' ? 'would not' : 'did not'
  const facts = { bucket, key, mode: plan.mode, server: server.name, afterwards }
  if (kind === 'metadata') {
    const message = `${server.name} ${does} store ${name} so that it can be read again: ${what}. ${AFTERWARDS[afterwards]}`
    return new CofferError('INTEGRITY', message, { hint: METADATA_HINT, facts })
  }
  const asked = `${plan.mode.toUpperCase()} was asked for, and ${what}`
  const message = `${server.name} ${does} encrypt ${name} as it was asked to: ${asked}. ${AFTERWARDS[afterwards]}`
  return new CofferError('NOT_ENCRYPTED', message, { facts })
}

const METADATA_HINT =
  'Put it under a key that is free; or keep its wrapped data key in a file beside it: --envelope instruction.'
