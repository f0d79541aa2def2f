import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'
import { isKnownNotToEncrypt } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import type { ModeOptions, StoredFacts, WritePlan } from '../modes/mode.ts'
import { prepareWrite } from '../modes/registry.ts'
import { explainWriteFailure } from './bucket.ts'
import { withContentType } from './content-type.ts'
import { instructionKey } from './instruction-files.ts'
import { envOf } from './look.ts'
import { ownProperties } from './own-properties.ts'
import { describeFault, refuseKnownPlaintext } from './prove-write.ts'
import { wayOf } from './put-file.ts'
import { openReading, type Reading } from './reading.ts'
import { copyWithin, streamThrough, type Rekeying, type Way } from './rekey-ways.ts'
import { replaceSafely } from './replace.ts'
import { shortfallOf } from './shortfall.ts'
import { updateInPlace } from './update-in-place.ts'
import type { PutResult, RekeyRequest, RekeyWatch, Vault, Watch } from './vault.ts'
import { verify } from './verify.ts'
import { finishWrite } from './written.ts'

/**
 * Changes the mode or the key of one object: in place where S3 can, by copying within S3 where S3 does both encryptions,
 * else through this computer. Its metadata, headers and tags stay; an instruction file goes, for nothing needs it any more. The old content stays until the new one has been read
 * back and proven. Throws what `get` and `put` throw, and CHANGED_WHILE_READ if someone else replaced the object.
 */
export async function rekey(vault: Vault, request: RekeyRequest, watch: RekeyWatch): Promise<PutResult> {
  const { bucket, key, from } = request
  return rekeyOpened(vault, request, await openReading(vault, { bucket, key, options: from }, watch.signal), watch)
}

/** The same for an object that has been opened already; its reading is disposed of here. */
export async function rekeyOpened(
  vault: Vault,
  request: RekeyRequest,
  reading: Reading,
  watch: RekeyWatch,
): Promise<PutResult> {
  const started = performance.now()
  const { bucket, key, mode, to } = request
  try {
    refuseInstruction(to)
    refuseKnownPlaintext(vault, { mode, way: wayOf(reading.plan.plaintextSize), options: to })
    const size = await exactSize(vault, request, reading, watch)
    const plan = await prepareWrite(mode, envOf(vault, watch.signal), { bucket, key, plaintextSize: size, options: to })
    try {
      return await change(vault, { request, reading, plan, size, started }, watch)
    } finally {
      plan.dispose()
    }
  } finally {
    reading.plan.dispose()
  }
}

function refuseInstruction({ envelope }: ModeOptions): void {
  if (envelope !== 'instruction') return
  throw new CofferError('INVALID_INPUT', 'A re-key keeps the envelope in the metadata of the object.', {
    hint: 'To have it in an instruction file, get the object and put it anew: --envelope instruction.',
  })
}

interface Change {
  request: RekeyRequest
  reading: Reading
  plan: WritePlan
  size: number
  started: number
}

async function change(
  vault: Vault,
  { request, reading, plan, size, started }: Change,
  watch: RekeyWatch,
): Promise<PutResult> {
  const { bucket, key } = request
  const done = { bucket, key, bytes: size, started }
  const updated = await updateInPlace(vault, reading, request, watch.signal)
  if (updated !== null) {
    await requireAsAsked(vault, request, plan, updated.stored, watch.signal)
    const result = finishWrite(vault, done, plan, updated.stored)
    return { ...result, journey: updated.journey }
  }
  const [first, ...others] = waysFrom(vault, reading, plan)
  const own = await ownProperties(vault, reading, { copies: first === copyWithin }, watch.signal)
  // What was encrypted here had no type but that of ciphertext; S3 hands out the content itself from now on.
  const isRevealed = reading.plan.opener !== null && plan.sealer === null
  if (isRevealed) own.headers = withContentType(own.headers, key)
  if (own.lost.length > 0) watch.onLost?.(own.lost)
  const rekeying: Rekeying = { vault, request, reading, plan, size, own, watch }
  const { stored, journey } = await replaceBy([first, ...others], rekeying).catch(async (error: unknown) => {
    const customerKey = plan.customerKey.SSECustomerKey !== undefined
    throw await explainWriteFailure(vault, { bucket, customerKey }, error, watch.signal)
  })
  watch.onProgress?.(size, size)
  const result = finishWrite(vault, done, plan, stored)
  if (reading.facts.instruction !== undefined) await removeInstruction(vault, request, watch.signal)
  return { ...result, journey: journey(result.journey) }
}

type MakeWay = (rekeying: Rekeying) => Way

/** Where S3 does both encryptions it copies by itself; some servers copy and do not encrypt, or refuse: then not. */
function waysFrom({ server }: Vault, reading: Reading, { mode, sealer }: WritePlan): [MakeWay, ...MakeWay[]] {
  if (reading.plan.opener !== null || sealer !== null) return [streamThrough]
  if (server.kind !== 'foreign') return [copyWithin]
  if (mode !== 'bucket-default' && isKnownNotToEncrypt(server, mode, 'copy')) return [streamThrough]
  return [copyWithin, streamThrough]
}

async function replaceBy(
  [make, ...others]: MakeWay[],
  rekeying: Rekeying,
): Promise<{ stored: StoredFacts; journey: Way['journey'] }> {
  const { vault, request, reading, plan, own, watch } = rekeying
  const { facts, stored: old } = reading
  const way = (make ?? streamThrough)(rekeying)
  const what = { old, oldMetadata: facts.metadata, oldVersion: facts.versionId, plan, options: request.to, own, ...way }
  try {
    return { stored: await replaceSafely(vault, what, watch), journey: way.journey }
  } catch (error) {
    if (others.length === 0 || !isCopyRefused(error)) throw error
    return replaceBy(others, rekeying)
  }
}

const REFUSALS: ErrorCode[] = ['NOT_ENCRYPTED', 'UNSUPPORTED', 'INVALID_INPUT', 'INTEGRITY', 'SERVER']

/** The old object is as it was, and another way may do. */
function isCopyRefused(error: unknown): boolean {
  return isCofferError(error) && REFUSALS.includes(error.code) && error.facts.safeAt === undefined
}

/** The new envelope is on the object. What the old one's file says would be taken for that of content without an envelope. */
async function removeInstruction(
  vault: Vault,
  { bucket, key, from }: RekeyRequest,
  signal: AbortSignal,
): Promise<void> {
  const file = instructionKey(key, from.instructionSuffix)
  await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: file }), signal)
  vault.catalog.gone(vault.place, bucket, file)
}

/** The object was changed where it is, and stays. Throws NOT_ENCRYPTED if that is not what was asked for. */
async function requireAsAsked(
  vault: Vault,
  { bucket, key, to }: RekeyRequest,
  plan: WritePlan,
  stored: StoredFacts,
  signal: AbortSignal,
): Promise<void> {
  const what = await shortfallOf(vault, plan, stored, signal)
  if (what === null || to.allowUnencrypted === true) return
  const written = { bucket, key, plan, answer: stored, options: to }
  throw describeFault(vault, written, { kind: 'not-encrypted', what }, 'stays')
}

/** Legacy CBC tells its size only once it is decrypted, and an upload must know it before. */
async function exactSize(vault: Vault, request: RekeyRequest, { plan }: Reading, watch: Watch): Promise<number> {
  if (!/CBC/.test(plan.recognition.algorithm)) return plan.plaintextSize
  const { bucket, key, from } = request
  const { bytes } = await verify(vault, { bucket, key, options: from }, { signal: watch.signal })
  return bytes
}
