import { zero } from '../base/bytes.ts'
import type { Journey } from '../base/journey.ts'
import type { ModeId } from '../base/mode-names.ts'
import { legacyReason, type Envelope } from '../envelope/envelope.ts'
import { parseEnvelope } from '../envelope/parse.ts'
import { sealAgainUnderUsedKey } from '../envelope/seal-again.ts'
import { derivation, sealedPlan, type PlainDataKey } from './client-side.ts'
import type { SavedWrite, WritePlan } from './mode.ts'

/** The envelope of a client-side write that was cut off; null if what was saved is not one that Coffer writes. */
export function savedEnvelope({ metadata }: SavedWrite): Envelope | null {
  const envelope = parseEnvelope(metadata)
  return envelope === null || legacyReason(envelope) !== null ? null : envelope
}

interface SealedAgain {
  mode: ModeId
  keyId: string
  envelope: Envelope
  saved: SavedWrite
  dataKey: PlainDataKey
  /** How the data key was unwrapped. */
  keySteps: Journey
}

/**
 * The write that was cut off, once more: the same key, the same message id or IV. Whoever uploads with it is bound by the
 * rule of `sealAgainUnderUsedKey`. Takes the data key over and wipes it, whatever happens. Throws COMMITMENT_MISMATCH.
 */
export function sealedAgain({ mode, keyId, envelope, saved, dataKey, keySteps }: SealedAgain): WritePlan | null {
  const { content } = envelope
  if (content.cipher === 'cbc') {
    zero(dataKey.bytes)
    return null
  }
  const sealer = sealAgainUnderUsedKey(content, dataKey.bytes)
  const key = { since: dataKey.since, wipedAt: performance.now() }
  const keyJourney = [...keySteps, ...derivation(content, 'read')]
  return sealedPlan({ mode, keyId, content, metadata: saved.metadata, sealer, key, keyJourney })
}
