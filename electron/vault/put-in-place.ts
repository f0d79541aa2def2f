import { CofferError, isCofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { StoredFacts } from '../modes/mode.ts'
import { isPassing } from '../transfers/backoff.ts'
import { copyObject } from '../transfers/copy.ts'
import { download } from '../transfers/download.ts'
import type { Stored } from '../transfers/fetch-range.ts'
import type { Condition } from '../transfers/object.ts'
import { upload } from '../transfers/upload.ts'
import { observeWrite, type WriteFault } from './observe-write.ts'
import { asPlaintext, describeFault, isConsented, removeAgain } from './prove-write.ts'
import { pulled } from './pulled.ts'
import type { How } from './replace-trial.ts'
import type { Replacement } from './replace.ts'
import type { RekeyWatch, Vault } from './vault.ts'

interface Placing {
  replacement: Replacement
  /** The new content, which has been proven. */
  from: Stored
  how: How
  /** Throws if the old object is not there any more; undefined where the server keeps conditions. */
  recheck: (() => Promise<void>) | undefined
  /** Whether the new content has to stay where it is. */
  keep: { isNeeded: boolean }
}

/**
 * Puts new content, which lies beside an object and has been proven, over the object, and makes sure that what is there then
 * is as it was asked to be. What a copy within S3 has spoilt is put there once more by way of this computer; if that does not
 * do either, the new content stays beside it and is named. Throws NOT_ENCRYPTED, INTEGRITY, and what `send` throws.
 */
export async function putInPlace(vault: Vault, placing: Placing, watch: RekeyWatch): Promise<StoredFacts> {
  const { replacement, from, how, keep } = placing
  const first = await place(vault, placing, how, replacement.old.etag, watch)
  if (first.fault === null) return first.stored
  // The old object is gone.
  keep.isNeeded = true
  try {
    const last = how === 'copy' ? await place(vault, placing, 'through', first.stored.etag, watch) : first
    keep.isNeeded = last.fault !== null
    if (last.fault === null) return last.stored
    throw await describeLast(vault, replacement, { ...last, fault: last.fault })
  } catch (error) {
    throw keep.isNeeded && isCofferError(error) ? withWhereabouts(error, from) : error
  }
}

interface Placed {
  stored: StoredFacts
  fault: WriteFault | null
}

async function place(
  vault: Vault,
  { replacement, from, recheck }: Placing,
  how: How,
  over: string,
  watch: RekeyWatch,
): Promise<Placed> {
  const { old, plan, options, opens } = replacement
  const { bucket, key } = old
  const condition = { condition: { IfMatch: over }, recheck: over === old.etag ? recheck : undefined }
  const move = how === 'copy' ? copyOver : sendOver
  watch.trace?.replacing()
  const answer = await move(vault, replacement, { from, ...condition }, watch)
  const { stored, fault } = await observeWrite(vault, { bucket, key, plan, answer, options }, watch.signal)
  if (fault !== null && isConsented(fault, options)) return { stored: asPlaintext(stored), fault: null }
  if (fault !== null || vault.server.kind !== 'foreign') return { stored, fault }
  const unopened = await opens(key).then(
    () => null,
    (error: unknown) => asFault(error, watch.signal),
  )
  return { stored, fault: unopened }
}

function asFault(error: unknown, signal: AbortSignal): WriteFault {
  throwIfAborted(signal)
  if (!isCofferError(error) || isPassing(error)) throw error
  return { kind: 'metadata', what: error.message }
}

interface Over {
  from: Stored
  condition: Condition
  recheck: (() => Promise<void>) | undefined
}

function copyOver(vault: Vault, replacement: Replacement, { from, ...over }: Over, watch: RekeyWatch) {
  const { old, plan, own } = replacement
  const { headers, tags } = own
  const metadata = { ...own.metadata, ...plan.metadata }
  const to = { bucket: old.bucket, key: old.key, plan, metadata, headers, tags, ...over, created: opened(watch) }
  return copyObject(vault.s3, { source: from, ...to }, watch.signal)
}

/** What is stored goes as it is. */
function sendOver(vault: Vault, replacement: Replacement, { from, ...over }: Over, watch: RekeyWatch) {
  const { old, plan, own } = replacement
  const { metadata, headers, tags } = own
  const read = (signal: AbortSignal): AsyncIterable<Uint8Array> =>
    pulled(async (sink) => {
      await download(vault.s3, { stored: from, opener: null, plaintext: sink }, { signal })
    })
  const to = { bucket: old.bucket, key: old.key, size: from.size, plan: { ...plan, sealer: null }, ...over }
  const { signal } = watch
  return upload(vault.s3, { ...to, metadata, headers, tags, read }, { signal, hooks: { created: opened(watch) } })
}

function opened({ trace }: RekeyWatch): (upload: { uploadId: string }) => Promise<void> {
  return ({ uploadId }) => {
    trace?.uploadOpened(uploadId)
    return Promise.resolve()
  }
}

async function describeLast(
  vault: Vault,
  { old: { bucket, key }, plan, options }: Replacement,
  { stored, fault }: { stored: StoredFacts; fault: WriteFault },
): Promise<CofferError> {
  const written = { bucket, key, plan, answer: stored, options }
  if (fault.kind === 'metadata') return describeFault(vault, written, fault, 'stays')
  return describeFault(vault, written, fault, (await removeAgain(vault, written)) ? 'removed' : 'stays')
}

function withWhereabouts({ code, message, facts }: CofferError, { bucket, key }: Stored): CofferError {
  return new CofferError(code, message, {
    hint: `The new content is safe and was proven at s3://${bucket}/${key}: get it from there.`,
    facts: { ...facts, safeAt: key },
  })
}
