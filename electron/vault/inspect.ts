import { isClientSide } from '../base/mode-names.ts'
import { openedSize } from '../envelope/content.ts'
import { envelopeOf } from '../modes/client-side.ts'
import { outline } from '../modes/detect.ts'
import type { ObjectFacts } from '../modes/mode.ts'
import { look, type Wanted } from './look.ts'
import { refuseMissingSeal } from './missing-seal.ts'
import { recognise } from './recognise.ts'
import { envelopeIn } from './remembered-envelope.ts'
import type { Inspection, Vault } from './vault.ts'

/**
 * Who an object says it is, and how its key will be reached on a read, without reading its body or asking KMS. An object
 * under a customer key that is not here is described as far as S3 tells without it. Throws OBJECT_NOT_FOUND,
 * BUCKET_NOT_FOUND, ENVELOPE_INVALID, SEAL_MISSING, KEY_WRONG for a named key, and failures of the network.
 */
export async function inspect(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<Inspection> {
  const { facts } = await look(vault, { ...wanted, asksWithoutKey: true }, signal)
  const recognition = recognise(vault, facts)
  refuseMissingSeal(vault, wanted, recognition.mode)
  if (wanted.versionId === undefined && !facts.needsCustomerKey) {
    const { bucket, key, etag, size } = facts
    const { mode, keyId, format } = recognition
    const envelope = isClientSide(mode) ? envelopeIn(facts) : undefined
    vault.catalog.remember({ place: vault.place, bucket, key, etag, size, mode, keyId, format, envelope })
  }
  return {
    bucket: facts.bucket,
    key: facts.key,
    versionId: facts.versionId,
    ...recognition,
    bytes: plaintextBytes(facts),
    storedBytes: facts.needsCustomerKey ? undefined : facts.size,
    etag: facts.needsCustomerKey ? undefined : facts.etag,
    lastModified: facts.lastModified,
    metadata: facts.metadata,
    journey: outline(facts),
  }
}

/** As far as the format tells; an object that is too short to be whole has none. */
function plaintextBytes(facts: ObjectFacts): number | undefined {
  if (facts.needsCustomerKey) return undefined
  const envelope = envelopeOf(facts)
  if (envelope === null) return facts.size
  try {
    return openedSize(envelope.content, facts.size)
  } catch {
    return undefined
  }
}
