import { CofferError } from '../base/errors.ts'
import type { JourneyStep } from '../base/journey.ts'
import { detect, prepareRead } from '../modes/detect.ts'
import type { ObjectFacts, ReadPlan } from '../modes/mode.ts'
import { download, type DownloadWatch, type Sink } from '../transfers/download.ts'
import type { Stored } from '../transfers/fetch-range.ts'
import { hasherFor, wholeChecksum } from '../transfers/whole-checksum.ts'
import { envOf, look, type Looked, type Wanted } from './look.ts'
import { refuseMissingSeal } from './missing-seal.ts'
import type { Vault } from './vault.ts'

/** An object whose key is at hand, ready to be read. `plan` is the caller's to dispose of. */
export interface Reading extends Looked {
  plan: ReadPlan
  stored: Stored
}

/** Looks at an object and reaches for its key, before the first byte. Throws what `look` and its mode throw. */
export async function openReading(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<Reading> {
  return openLooked(vault, wanted, await look(vault, wanted, signal), signal)
}

/** The same for an object that has been looked at already. */
export async function openLooked(vault: Vault, wanted: Wanted, looked: Looked, signal: AbortSignal): Promise<Reading> {
  const { facts } = looked
  refuseMissingSeal(vault, wanted, detect(facts).mode)
  const plan = await prepareRead(envOf(vault, signal), { facts, options: wanted.options })
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

/**
 * Reads an object through its opener into `sink`. What is decrypted here proves itself by its tag. What S3 decrypts is
 * compared, if `checksum` asks for it, with S3's checksum of the whole, if it keeps one. `sink` has seen plaintext that may
 * be trusted only once this has returned. Throws INTEGRITY, TRUNCATED, CHANGED_WHILE_READ and what `send` throws.
 */
export async function readThrough(
  vault: Vault,
  { plan, stored }: Reading,
  sink: Sink,
  watch: DownloadWatch & { checksum: boolean },
): Promise<ReadDone> {
  const asks = plan.opener === null && watch.checksum
  const expected = asks ? await wholeChecksum(vault.s3, stored, watch.signal) : null
  const hasher = expected === null ? null : hasherFor(expected.algorithm)
  let bytes = 0
  const plaintext: Sink = (piece) => {
    bytes += piece.length
    hasher?.update(piece)
    return sink(piece)
  }
  const { requestId } = await download(vault.s3, { stored, opener: plan.opener, plaintext }, watch)
  const done = { bytes, requestId }
  if (plan.opener !== null) return { ...done, proof: plan.authenticated ? 'tag' : 'none', proofSteps: [] }
  if (expected === null || hasher === null) return { ...done, proof: 'none', proofSteps: [] }
  if ((await hasher.digest()) !== expected.value) {
    throw new CofferError(
      'INTEGRITY',
      `s3://${stored.bucket}/${stored.key} does not match the checksum that S3 keeps of it.`,
    )
  }
  return { ...done, proof: 'checksum', proofSteps: [checksumStep(expected.algorithm)] }
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

/** Remembers what an object turned out to be, for as long as its ETag is. Older versions are not remembered. */
export function rememberReading(vault: Vault, { versionId }: Wanted, { facts, plan }: Reading): void {
  if (versionId !== undefined) return
  const { mode, keyId, format } = plan.recognition
  const { bucket, key, etag, size } = facts
  vault.catalog.remember({ place: vault.place, bucket, key, etag, size, mode, keyId, format })
}
