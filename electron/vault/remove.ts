import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { headObject } from '../cloud/wire/wire.ts'
import { instructionNeed } from '../envelope/parse.ts'
import { taskGroup } from '../transfers/group.ts'
import { deleteMany } from './delete-many.ts'
import { instructedKey, instructionKey, isInstructionFile } from './instruction-files.ts'
import { objectsBelow } from './keys-below.ts'
import { listFolder } from './list.ts'
import type { Vault } from './vault.ts'

/** What became of objects that were to be removed. */
export interface Removed {
  /** Objects that are gone. Their instruction files went with them and do not count. */
  removed: number
  /** Keys that were named and under which there was nothing. */
  missing: string[]
  /** Keys that are still there, and why. */
  kept: Map<string, CofferError>
}

const CONCURRENCY = 16

/**
 * Removes objects by their keys, and with each its instruction file. In a versioned bucket this hides them: older versions
 * stay. One that cannot be removed keeps no other from going. Throws if S3 cannot be asked at all.
 */
export async function remove(
  vault: Vault,
  { bucket, keys, instructionSuffix }: { bucket: string; keys: string[]; instructionSuffix?: string | undefined },
  signal: AbortSignal,
): Promise<Removed> {
  const missing: string[] = []
  const kept = new Map<string, CofferError>()
  const files = new Map<string, string>()
  await each(keys, signal, async (key, stop) => {
    try {
      const found = await lookBefore(vault, { bucket, key, instructionSuffix }, stop)
      if (found === null) missing.push(key)
      else if (found.instruction !== undefined) files.set(key, found.instruction)
    } catch (error) {
      if (!isCofferError(error) || error.code === 'CANCELLED') throw error
      kept.set(key, error)
    }
  })
  if (missing.length === keys.length) await requireBucket(vault, bucket, signal)
  const gone = new Set(missing)
  vault.catalog.gone(vault.place, bucket, ...missing)
  const there = keys.filter((key) => !gone.has(key) && !kept.has(key))
  const names = there.flatMap((key) => [key, files.get(key) ?? []].flat())
  const refused = await deleteNamed(vault, bucket, names, signal)
  if (isForeign(vault)) await addStillThere(vault, bucket, there, refused, signal)
  for (const [key, failure] of refused) kept.set(key, failure)
  return { removed: there.filter((key) => !refused.has(key)).length, missing, kept }
}

/** Removes everything below a folder, what marks it included. Throws OBJECT_NOT_FOUND if there is nothing, and as `remove`. */
export async function removeFolder(
  vault: Vault,
  { bucket, prefix }: { bucket: string; prefix: string },
  signal: AbortSignal,
): Promise<Removed> {
  let removed = 0
  const kept = new Map<string, CofferError>()
  // Instruction files go like all else: nothing of what they belong to stays.
  const below = objectsBelow(vault, { bucket, prefix, markers: 'all', instructionSuffix: null }, signal)
  for await (const keys of inSlices(below)) {
    const refused = await deleteNamed(vault, bucket, keys, signal)
    removed += keys.length - refused.size
    for (const [key, failure] of refused) kept.set(key, failure)
  }
  if (!isForeign(vault)) return { removed, missing: [], kept }
  const left = await stillListed(vault, { bucket, prefix }, kept, signal)
  for (const key of left) kept.set(key, stillThere(bucket, key))
  return { removed: Math.max(0, removed - left.length), missing: [], kept }
}

/** Servers other than Amazon's and This computer have said "deleted" of a name that they decode in another way than they list it. */
function isForeign({ server }: Vault): boolean {
  return server.kind === 'foreign'
}

/** HEAD of an object says 404 for a missing bucket, too. Throws BUCKET_NOT_FOUND. */
async function requireBucket({ s3 }: Vault, bucket: string, signal: AbortSignal): Promise<void> {
  await send(s3, new HeadBucketCommand({ Bucket: bucket }), signal).catch((error: unknown) => {
    if (isCofferError(error, 'BUCKET_NOT_FOUND') || isCofferError(error, 'CANCELLED')) throw error
  })
}

interface Wanted {
  bucket: string
  key: string
  instructionSuffix: string | undefined
}

/**
 * Null if there is no such object; else the instruction file that belongs to it, if there is one. Throws INVALID_INPUT for
 * the instruction file of an object that stays: without it the object could not be read again.
 */
async function lookBefore(
  vault: Vault,
  { bucket, key, instructionSuffix }: Wanted,
  signal: AbortSignal,
): Promise<{ instruction: string | undefined } | null> {
  const need = await instructionNeedOf(vault, bucket, key, signal)
  if (need === null) return null
  const owner = instructedKey(key, instructionSuffix)
  if (owner !== undefined && (await isNeededBy(vault, { bucket, key }, owner, signal))) {
    throw new CofferError('INVALID_INPUT', `s3://${bucket}/${key} holds the wrapped key of s3://${bucket}/${owner}.`, {
      hint: 'Without it nobody could read that object. Remove the object: its instruction file goes with it.',
    })
  }
  const file = instructionKey(key, instructionSuffix)
  if (need === 'none' || !mayBeThere(vault, bucket, key, file)) return { instruction: undefined }
  const isOne = await isInstructionFile(vault.s3, { bucket, key: file }, signal).catch(unlessCancelled(false))
  return { instruction: isOne ? file : undefined }
}

/** Failures of a read that say something of the object, or of who may read it. All others say that nothing is known. */
const OF_THE_OBJECT: ReadonlySet<ErrorCode> = new Set([
  'ACCESS_DENIED',
  'CUSTOMER_KEY_NEEDED',
  'INVALID_INPUT',
  'KEY_WRONG',
  'UNSUPPORTED',
])

/** Whether the object keeps its envelope in a file; null if it is not there. Whoever may not read it may still remove it. */
export async function instructionNeedOf(
  { s3 }: Vault,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<ReturnType<typeof instructionNeed> | null> {
  try {
    const { Metadata = {} } = await headObject(s3, { Bucket: bucket, Key: key }, signal)
    return instructionNeed(Metadata)
  } catch (error) {
    if (isCofferError(error, 'OBJECT_NOT_FOUND')) return null
    if (!isCofferError(error) || !OF_THE_OBJECT.has(error.code)) throw error
    return 'none'
  }
}

async function isNeededBy(
  vault: Vault,
  file: { bucket: string; key: string },
  owner: string,
  signal: AbortSignal,
): Promise<boolean> {
  const need = await instructionNeedOf(vault, file.bucket, owner, signal)
  if (need === null || need === 'none') return false
  return isInstructionFile(vault.s3, file, signal).catch(unlessCancelled(false))
}

/** Of a folder that has been listed, the catalog tells without a question. */
function mayBeThere({ catalog, place }: Vault, bucket: string, key: string, file: string): boolean {
  if (catalog.listing.find(place, bucket, key) === null) return true
  return catalog.listing.find(place, bucket, file) !== null
}

function unlessCancelled<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isCofferError(error, 'CANCELLED')) throw error
    return instead
  }
}

function deleteNamed(
  vault: Vault,
  bucket: string,
  keys: string[],
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const ondeleted = (gone: string[]): void => vault.catalog.gone(vault.place, bucket, ...gone)
  return deleteMany(vault, { bucket, names: keys.map((key) => ({ key })), ondeleted }, signal)
}

/** Adds those that the server says it has deleted and still has. */
async function addStillThere(
  vault: Vault,
  bucket: string,
  keys: string[],
  refused: Map<string, CofferError>,
  signal: AbortSignal,
): Promise<void> {
  await each(keys, signal, async (key, stop) => {
    if (refused.has(key)) return
    try {
      await headObject(vault.s3, { Bucket: bucket, Key: key }, stop)
      refused.set(key, stillThere(bucket, key))
    } catch (error) {
      if (!isCofferError(error) || error.code === 'CANCELLED') throw error
      // What says neither that it is gone nor that it may not be read leaves open whether anything was deleted.
      if (error.code !== 'OBJECT_NOT_FOUND' && !OF_THE_OBJECT.has(error.code)) refused.set(key, error)
    }
  })
}

/** What a folder still lists and was not refused: nothing, where deleted is deleted and nobody else puts anything there. */
async function stillListed(
  vault: Vault,
  { bucket, prefix }: { bucket: string; prefix: string },
  refused: Map<string, CofferError>,
  signal: AbortSignal,
): Promise<string[]> {
  const left: string[] = []
  for await (const { key } of listFolder(vault, { bucket, prefix, recursive: true }, signal)) {
    if (!refused.has(key)) left.push(key)
  }
  const refusedNow = new Map<string, CofferError>()
  // Some servers list what is gone for a while.
  await addStillThere(vault, bucket, left, refusedNow, signal)
  return [...refusedNow.keys()]
}

function stillThere(bucket: string, key: string): CofferError {
  return new CofferError('SERVER', `The server says that it has deleted s3://${bucket}/${key}, and still has it.`, {
    hint: 'Somebody may have put it there again meanwhile. If not, the server does not do what it says.',
    facts: { bucket, key },
  })
}

async function each(
  keys: string[],
  signal: AbortSignal,
  work: (key: string, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const group = taskGroup(CONCURRENCY, signal)
  try {
    for (const key of keys) await group.start((stop) => work(key, stop))
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
}

/** S3 deletes at most this many keys by one request (DeleteObjects). */
const SLICE = 1000

async function* inSlices(all: AsyncIterable<{ key: string }>): AsyncGenerator<string[], void, void> {
  let some: string[] = []
  for await (const { key } of all) {
    if (some.push(key) < SLICE) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}
