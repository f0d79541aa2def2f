import { CofferError } from '../base/errors.ts'
import { crc32 } from 'node:zlib'
import type { JourneyStep } from '../base/journey.ts'
import { detect, prepareRead } from '../modes/detect.ts'
import type { ObjectFacts, Opener, ReadPlan } from '../modes/mode.ts'
import type { Checkpoint } from '../store/downloads.ts'
import { base64Crc } from '../transfers/checksum.ts'
import { notAsLeft } from '../transfers/draft.ts'
import { download, type Download, type DownloadWatch } from '../transfers/download.ts'
import type { Stored } from '../transfers/fetch-range.ts'
import { hasherFor, wholeChecksum, type WholeChecksum } from '../transfers/whole-checksum.ts'
import { envOf, look, type Looked, type Wanted } from './look.ts'
import { refuseMissingSeal } from './missing-seal.ts'
import { envelopeIn } from './remembered-envelope.ts'
import type { GetResult, Vault } from './vault.ts'

/** An object whose key is at hand, ready to be read. `plan` is the caller's to dispose of. */
export interface Reading extends Looked {
  plan: ReadPlan
  stored: Stored
}

/** Looks at an object and reaches for its key, before the first byte. Throws what `look` and its mode throw. */
export async function openReading(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<Reading> {
  return openLooked(vault, wanted, await look(vault, wanted, signal), signal)
}

/** The same for an object that has been looked at already, of which some plaintext may be here already (`replays`). */
export async function openLooked(
  vault: Vault,
  wanted: Wanted,
  looked: Looked,
  signal: AbortSignal,
  replays = false,
): Promise<Reading> {
  const { facts } = looked
  refuseMissingSeal(vault, wanted, detect(facts).mode)
  const plan = await prepareRead(envOf(vault, signal), { facts, options: wanted.options, replays })
  return { ...looked, plan, stored: storedOf(wanted, facts, plan) }
}

/** Only a version that was asked for is named again: naming one is a permission of its own, and If-Match pins the object. */
function storedOf({ versionId }: Wanted, { bucket, key, etag, size }: ObjectFacts, plan: ReadPlan): Stored {
  return { bucket, key, versionId, etag, size, customerKey: plan.customerKey }
}

/** What was read, and what proved it. */
export interface ReadDone {
  /** Plaintext bytes. */
  bytes: number
  requestId: string | undefined
  proof: 'tag' | 'checksum' | 'none'
  /** The step that proved it, where the mode's own journey has none. */
  proofSteps: JourneyStep[]
}

/** Takes plaintext in order, with how far the object has been read with it; it keeps none of the bytes. */
export type ReadSink = (bytes: Uint8Array, reached: Checkpoint) => Promise<void> | void

/** What is here of an object from an earlier read. */
export interface Begun extends Checkpoint {
  plaintext(): AsyncIterable<Uint8Array>
}

/** All of what is stored, as one answer brought it. */
export interface WholeBody {
  bytes: Buffer
  requestId: string | undefined
}

export interface ReadWatch extends DownloadWatch {
  /** What S3 decrypts is compared with its checksum of the whole, if it keeps one. */
  checksum: boolean
  /** What S3 decrypts has its CRC-32 computed, for `reached`. */
  crc?: boolean | undefined
  begun?: Begun | undefined
  /** All of what is stored, where it has come already and been compared with S3's checksum. */
  body?: WholeBody | undefined
}

/**
 * Reads an object through its opener into `sink`, or the rest of one that was begun. What is decrypted here proves itself by
 * its tag; what S3 decrypts, by its checksum. `sink` has seen plaintext that may be trusted only once this has returned.
 * Throws INTEGRITY (also if what was begun is not as it was), TRUNCATED, CHANGED_WHILE_READ and what `send` throws.
 */
export async function readThrough(
  vault: Vault,
  { plan, stored }: Reading,
  sink: ReadSink,
  watch: ReadWatch,
): Promise<ReadDone> {
  const { opener } = plan
  const asks = opener === null && watch.checksum
  const expected = asks ? await wholeChecksum(vault.s3, stored, watch.signal) : null
  const proof = proofOf(expected, opener === null && watch.crc === true)
  let bytes = 0
  for await (const piece of watch.begun?.plaintext() ?? []) {
    bytes += piece.length
    if (opener === null) proof.update(piece)
    else replay(opener, piece)
  }
  if (watch.begun !== undefined && proof.crc() !== watch.begun.crc) throw notAsLeft()
  const plaintext = (piece: Uint8Array, done: number): Promise<void> | void => {
    bytes += piece.length
    proof.update(piece)
    return sink(piece, { done, crc: proof.crc() })
  }
  const { body, begun } = watch
  const object: Download = { stored, opener, from: begun?.done, plaintext }
  const { requestId } =
    body === undefined ? await download(vault.s3, object, watch) : await openBody(object, body, watch)
  const done = { bytes, requestId }
  if (opener !== null) return { ...done, proof: plan.authenticated ? 'tag' : 'none', proofSteps: [] }
  if (expected === null) return { ...done, proof: 'none', proofSteps: [] }
  if ((await proof.digest()) !== expected.value) {
    throw new CofferError(
      'INTEGRITY',
      `s3://${stored.bucket}/${stored.key} does not match the checksum that S3 keeps of it.`,
    )
  }
  return { ...done, proof: 'checksum', proofSteps: [checksumStep(expected.algorithm)] }
}

/**
 * What `download` does, for what has come whole already. What is decrypted here proves itself before the sink sees a byte.
 */
async function openBody(
  { opener, plaintext }: Download,
  { bytes, requestId }: WholeBody,
  { onProgress, throttle }: DownloadWatch,
): Promise<{ requestId: string | undefined }> {
  await throttle?.(bytes.length)
  const pieces = opener === null ? [bytes] : [opener.update(bytes), opener.final()]
  for (const piece of pieces) if (piece.length > 0) await plaintext(piece, bytes.length)
  onProgress?.(bytes.length, bytes.length)
  return { requestId }
}

function replay(opener: Opener, piece: Uint8Array): void {
  if (opener.replay === undefined) throw notAsLeft()
  opener.replay(piece)
}

/** What S3 expects of the bytes, and their CRC-32 (0 where nobody wants it), in one pass. */
function proofOf(expected: WholeChecksum | null, crcWanted: boolean) {
  const byCrc = expected?.algorithm === 'CRC32'
  const hasher = expected === null || byCrc ? null : hasherFor(expected.algorithm)
  let crc = 0
  return {
    update(bytes: Uint8Array): void {
      if (byCrc || crcWanted) crc = crc32(bytes, crc)
      hasher?.update(bytes)
    },
    crc: () => (crcWanted ? crc : 0),
    digest: async () => (byCrc ? base64Crc(crc) : await hasher?.digest()),
  }
}

function checksumStep(algorithm: string): JourneyStep {
  return {
    actor: 'computer',
    act: 'verify-checksum',
    text: 'The object matches the checksum that S3 keeps of the whole of it.',
    facts: { algorithm },
    evidence: 'seen',
  }
}

/** What an object turned out to be, and what happened to its key on the way. */
type Concluded = Pick<GetResult, 'mode' | 'keyId' | 'format' | 'journey'>

/**
 * Ends a read that has come to its end: remembers what the object turned out to be, for as long as its ETag is, and what was
 * seen on the way. Of older versions only the latter.
 */
export function conclude(vault: Vault, { versionId }: Wanted, { facts, plan }: Reading, done: ReadDone): Concluded {
  const { bucket, key, etag, size } = facts
  const { mode, keyId, format } = plan.recognition
  const journey = [...plan.journey({ etag, bytes: size, requestId: done.requestId }), ...done.proofSteps]
  vault.lastReads?.remember({ place: vault.place, bucket, key, etag }, journey)
  if (versionId === undefined)
    vault.catalog.remember({
      ...{ place: vault.place, bucket, key, etag, size, mode, keyId, format },
      envelope: plan.opener === null ? undefined : envelopeIn(facts),
    })
  return { mode, keyId, format, journey }
}
