import { createHash } from 'node:crypto'
import { CofferError } from '../base/errors.ts'
import type { Journey, JourneyStep } from '../base/journey.ts'
import type { ModeOptions, StoredFacts, WritePlan } from '../modes/mode.ts'
import { copyObject } from '../transfers/copy.ts'
import { fetchRange } from '../transfers/fetch-range.ts'
import { upload } from '../transfers/upload.ts'
import { wholeChecksum } from '../transfers/whole-checksum.ts'
import { temporaryHeaders, type OwnProperties } from './own-properties.ts'
import { pulled } from './pulled.ts'
import { openReading, readThrough, type Reading } from './reading.ts'
import type { Landing } from './replace.ts'
import type { RekeyRequest, RekeyWatch, Vault } from './vault.ts'

export interface Rekeying {
  vault: Vault
  request: RekeyRequest
  reading: Reading
  plan: WritePlan
  /** Plaintext bytes. */
  size: number
  own: OwnProperties
  watch: RekeyWatch
}

/** A way from the old encryption to the new one. */
export interface Way {
  write: (landing: Landing) => Promise<StoredFacts>
  /** Reads what was written; throws if it is not what it must be. */
  prove: (landingKey: string) => Promise<void>
  /** Shows that what is under this key opens, and is as long as it must be; throws if not. */
  opens: (key: string) => Promise<void>
  /** The whole journey, out of that of the write alone. */
  journey: (written: Journey) => Journey
}

/** S3 decrypts and encrypts by itself, and the content never leaves it. */
export function copyWithin({ vault, request, reading, plan, size, own, watch }: Rekeying): Way {
  const { bucket } = request
  return {
    write: ({ key, isTemporary, ...condition }) => {
      const { metadata, headers: all, tags } = own
      const headers = isTemporary ? temporaryHeaders(all) : all
      const created = traced(request, watch, key)
      const copy = { source: reading.stored, bucket, key, plan, metadata, headers, tags, ...condition, created }
      return copyObject(vault.s3, copy, watch.signal)
    },
    async prove(landingKey) {
      const made = await openReading(vault, { bucket, key: landingKey, options: readBack(request, plan) }, watch.signal)
      try {
        await proveCopy(vault, reading, made, watch.signal)
      } finally {
        made.plan.dispose()
      }
    },
    opens: (key) => firstByteOpens(vault, request, plan, { key, size }, watch.signal),
    journey: (written) => [copiedStep(reading), ...written.filter((step) => !isUpload(step))],
  }
}

/**
 * S3 copies whole objects; what is left to prove is that the new key opens the copy, which its first byte shows, and that
 * size and checksum are those of the old one, where S3 keeps the same checksum of both.
 */
async function proveCopy({ s3 }: Vault, old: Reading, made: Reading, signal: AbortSignal): Promise<void> {
  const [before, after] = [old.stored, made.stored]
  if (before.size !== after.size) throw mismatch(after.key)
  if (after.size > 0) await fetchRange(s3, after, 0, Buffer.alloc(1), { signal })
  const [sumBefore, sumAfter] = [await wholeChecksum(s3, before, signal), await wholeChecksum(s3, after, signal)]
  const comparable = sumBefore !== null && sumAfter !== null && sumBefore.algorithm === sumAfter.algorithm
  if (comparable && sumBefore.value !== sumAfter.value) throw mismatch(after.key)
}

/** This computer opens the old content, proves it, and seals it anew, in one pass. */
export function streamThrough({ vault, request, reading, plan, size, own, watch }: Rekeying): Way {
  const { bucket } = request
  const { facts } = reading
  let hash = createHash('sha256')
  let digest = ''
  let readJourney: Journey = []

  async function produce(sink: (piece: Uint8Array) => Promise<void> | void, signal: AbortSignal): Promise<void> {
    const seen = (piece: Uint8Array): Promise<void> | void => {
      hash.update(piece)
      return sink(piece)
    }
    hash = createHash('sha256')
    const { requestId, proofSteps } = await readThrough(vault, reading, seen, { signal, checksum: true })
    digest = hash.digest('hex')
    readJourney = [...reading.plan.journey({ etag: facts.etag, bytes: facts.size, requestId }), ...proofSteps]
  }

  return {
    // The upload completes only after its source has ended well: what does not prove itself is never stored.
    write: ({ key, isTemporary, ...condition }) => {
      const { metadata, headers: all, tags } = own
      const headers = isTemporary ? temporaryHeaders(all) : all
      const read = (signal: AbortSignal): AsyncIterable<Uint8Array> => pulled((sink) => produce(sink, signal))
      const object = { bucket, key, size, plan, metadata, headers, tags, ...condition, read }
      return upload(vault.s3, object, { ...watch, hooks: { created: traced(request, watch, key) } })
    },
    async prove(landingKey) {
      const again = await hashOf(vault, { bucket, key: landingKey, options: readBack(request, plan) }, watch.signal)
      if (again !== digest) throw mismatch(landingKey)
    },
    opens: (key) => firstByteOpens(vault, request, plan, { key, size }, watch.signal),
    journey: (written) => [...readJourney, ...written],
  }
}

/** Uploads beside the object are found by their key, which is no one else's; one to its own key only by its id. */
function traced({ key }: RekeyRequest, { trace }: RekeyWatch, landingKey: string) {
  if (landingKey === key) trace?.replacing()
  return ({ uploadId }: { uploadId: string }): Promise<void> => {
    if (landingKey === key) trace?.uploadOpened(uploadId)
    return Promise.resolve()
  }
}

async function hashOf(
  vault: Vault,
  wanted: { bucket: string; key: string; options: ModeOptions },
  signal: AbortSignal,
): Promise<string> {
  const made = await openReading(vault, wanted, signal)
  try {
    const hash = createHash('sha256')
    await readThrough(vault, made, (piece) => void hash.update(piece), { signal, checksum: false })
    return hash.digest('hex')
  } finally {
    made.plan.dispose()
  }
}

async function firstByteOpens(
  vault: Vault,
  request: RekeyRequest,
  plan: WritePlan,
  { key, size }: { key: string; size: number },
  signal: AbortSignal,
): Promise<void> {
  const made = await openReading(vault, { bucket: request.bucket, key, options: readBack(request, plan) }, signal)
  try {
    if (made.plan.plaintextSize !== size) throw mismatch(key)
    if (made.stored.size > 0) await fetchRange(vault.s3, made.stored, 0, Buffer.alloc(1), { signal })
  } finally {
    made.plan.dispose()
  }
}

/** How the new content is read: with the key it was just written with, so that no other is tried, and no instruction file. */
function readBack({ mode, to }: RekeyRequest, plan: WritePlan): ModeOptions {
  const instructionSuffix = null
  if (mode === 'cse-kms') return { key: plan.keyId, encryptionContext: to.encryptionContext, instructionSuffix }
  if (mode === 'cse-c') return { key: plan.keyId, instructionSuffix }
  // The catalog still tells of the old content, which may have been encrypted here; this new one is meant not to be.
  return { ...(mode === 'sse-c' ? { key: plan.keyId } : {}), acceptUnsealed: true, instructionSuffix }
}

function isUpload({ actor, act }: JourneyStep): boolean {
  return actor === 'computer' && act === 'send'
}

function copiedStep({ plan }: Reading): JourneyStep {
  return {
    actor: 's3',
    act: 'decrypt',
    text: 'S3 opens the object as it was stored and copies it within itself; its content does not pass through this computer.',
    facts: { from: plan.recognition.mode },
    evidence: 'reported',
  }
}

function mismatch(key: string): CofferError {
  return new CofferError('INTEGRITY', 'What was written anew does not read back as what was there.', {
    hint: 'The old object was kept. Try again.',
    facts: { key },
  })
}
