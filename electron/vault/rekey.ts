import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { send } from '../cloud/send.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { prepareWrite } from '../modes/registry.ts'
import { explainWriteFailure } from './bucket.ts'
import { instructionKey } from './instruction-files.ts'
import { envOf } from './look.ts'
import { observeWrite } from './observe-write.ts'
import { ownProperties } from './own-properties.ts'
import { asPlaintext, describeFault, isConsented } from './prove-write.ts'
import { openReading, type Reading } from './reading.ts'
import { copyWithin, streamThrough, type Rekeying } from './rekey-ways.ts'
import { replaceSafely } from './replace.ts'
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
    const result = finishWrite(vault, done, plan, await observed(vault, request, plan, updated.stored, watch.signal))
    return { ...result, journey: updated.journey }
  }
  const own = await ownProperties(vault, reading, watch.signal)
  const rekeying: Rekeying = { vault, request, reading, plan, size, own, watch }
  const way = reading.plan.opener === null && plan.sealer === null ? copyWithin(rekeying) : streamThrough(rekeying)
  const stored = await replaceSafely(vault, { old: reading.stored, plan, own, ...way }, watch).catch(
    async (error: unknown) => {
      const customerKey = plan.customerKey.SSECustomerKey !== undefined
      throw await explainWriteFailure(vault, { bucket, customerKey }, error, watch.signal)
    },
  )
  watch.onProgress?.(size, size)
  const result = finishWrite(vault, done, plan, await observed(vault, request, plan, stored, watch.signal))
  if (reading.facts.instruction !== undefined) await removeInstruction(vault, request, watch.signal)
  return { ...result, journey: way.journey(result.journey) }
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

/** What S3 says of the object that stays. Throws NOT_ENCRYPTED, and INTEGRITY if it cannot be read again. */
async function observed(
  vault: Vault,
  { bucket, key, to }: RekeyRequest,
  plan: WritePlan,
  answer: StoredFacts,
  signal: AbortSignal,
): Promise<StoredFacts> {
  const written = { bucket, key, plan, answer, options: to }
  const { stored, fault } = await observeWrite(vault, written, signal)
  if (fault === null) return stored
  if (isConsented(fault, to)) return asPlaintext(stored)
  throw describeFault(vault, written, fault)
}

/** Legacy CBC tells its size only once it is decrypted, and an upload must know it before. */
async function exactSize(vault: Vault, request: RekeyRequest, { plan }: Reading, watch: Watch): Promise<number> {
  if (!/CBC/.test(plan.recognition.algorithm)) return plan.plaintextSize
  const { bucket, key, from } = request
  const { bytes } = await verify(vault, { bucket, key, options: from }, { signal: watch.signal })
  return bytes
}
