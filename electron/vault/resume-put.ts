import { isCofferError } from '../base/errors.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { resumeWrite } from '../modes/registry.ts'
import type { HeldUpload, OpenedUpload, SavedUpload } from '../store/uploads.ts'
import { resumedJournal } from '../transfers/journal.ts'
import type { Upload } from '../transfers/object.ts'
import { findCompleted, isNoUpload, partsThere } from '../transfers/resume.ts'
import { upload } from '../transfers/upload.ts'
import { abandon } from './abandon.ts'
import { envOf } from './look.ts'
import { goesInParts, realPath, uploadOf } from './put-file.ts'
import { settleFailure } from './put-failure.ts'
import type { PutRequest, PutWatch, Source, Vault } from './vault.ts'

/** What has been stored, and the journal's record of it, if there is one: the caller's to drop, and both to dispose of. */
export interface Stored {
  plan: WritePlan
  stored: StoredFacts
  held: HeldUpload | undefined
}

/**
 * Goes on with an upload of this very file, to this key and in this mode, that was cut off. Null if there is none, or if it
 * cannot go on: it has been given up then, and the file is to be sealed afresh. What is sent is only ever what was sent
 * before, or what comes after that: see `sealAgainUnderUsedKey`. If its key cannot be had now (a KMS key is disabled, the
 * keychain is locked), it throws so, and the upload stays. Throws what `put` throws.
 */
export async function resumePut(
  vault: Vault,
  request: PutRequest,
  watch: PutWatch,
  refuseTaken: () => Promise<void>,
): Promise<Stored | null> {
  const held = await takeNewest(vault, request)
  if (held === null) return null
  const { opened } = held.saved
  if (opened === undefined || !isSameFile(held.saved, request.source)) return given(abandon(vault, held))
  let done: Stored | null = null
  try {
    done = await goOn({ vault, request, watch, held, opened, refuseTaken })
    return done
  } finally {
    if (done === null) held[Symbol.dispose]()
  }
}

/** Of several that were cut off, only one can go on. */
async function takeNewest(vault: Vault, request: PutRequest): Promise<HeldUpload | null> {
  const { bucket, key, mode, options, source } = request
  if (source.file === undefined || !goesInParts(source.size)) return null
  const path = await realPath(source.file.path)
  const [newest = null, ...older] = vault.uploads.takeUp({
    place: vault.place,
    bucket,
    key,
    path,
    mode,
    options: { ...options },
  })
  for (const held of older) await abandon(vault, held)
  return newest
}

function isSameFile(saved: SavedUpload, { size, file }: Source): boolean {
  return saved.size === size && saved.mtimeNs === file?.mtimeNs && saved.inode === file?.inode
}

interface Resumed {
  vault: Vault
  request: PutRequest
  watch: PutWatch
  held: HeldUpload
  opened: OpenedUpload
  refuseTaken: () => Promise<void>
}

async function goOn(resumed: Resumed): Promise<Stored | null> {
  const { vault, request, watch, held } = resumed
  const { bucket, key, mode, options, source } = request
  const wanted = { bucket, key, plaintextSize: source.size, options }
  const plan = await resumeWrite(mode, envOf(vault, watch.signal), wanted, held.saved)
  if (plan === null) return given(abandon(vault, held))
  try {
    const stored = await storeRest(resumed, plan)
    if (stored !== null) return { plan, stored, held }
    plan.dispose()
    return null
  } catch (error) {
    plan.dispose()
    throw error
  }
}

async function storeRest({ vault, request, watch, held, opened, refuseTaken }: Resumed, plan: WritePlan) {
  const { s3 } = vault
  const object = { ...uploadOf(vault, request, plan, held.saved.metadata, watch.signal), opened }
  const { size } = request.source
  let differs = (): boolean => false
  try {
    const there = await partsThere(s3, held, opened, plan.customerKey, watch.signal)
    if (there === null) return await completedOrDropped(vault, object, opened, held, watch.signal)
    await refuseTaken()
    const journal = resumedJournal(held, there, plan.sealer !== null)
    differs = journal.differs
    watch.onResumed?.(Math.min(size, sizeOf(held, there)), size)
    return await upload(s3, object, { ...watch, hooks: journal.hooks, leaveOnFailure: true })
  } catch (error) {
    if (differs()) return given(abandon(vault, held))
    if (isNoUpload(error)) return completedOrDropped(vault, object, opened, held, watch.signal)
    if (isCofferError(error, 'ALREADY_EXISTS')) {
      const ours = await findCompleted(s3, object, opened, watch.signal).catch(() => null)
      if (ours !== null) return ours
    }
    await settleFailure(vault, held, error, watch)
    throw error
  }
}

/** S3 does not know the upload any more: it was completed, by a request whose answer never came, or somebody aborted it. */
async function completedOrDropped(
  { s3 }: Vault,
  object: Upload,
  opened: OpenedUpload,
  held: HeldUpload,
  signal: AbortSignal,
): Promise<StoredFacts | null> {
  const stored = await findCompleted(s3, object, opened, signal)
  if (stored === null) held.drop()
  return stored
}

function sizeOf(held: HeldUpload, there: ReadonlyMap<number, string>): number {
  const parts = held.parts()
  return [...there.keys()].reduce((sum, number) => sum + (parts.get(number)?.size ?? 0), 0)
}

async function given(up: Promise<boolean>): Promise<null> {
  await up
  return null
}
