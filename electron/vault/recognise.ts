import { detect } from '../modes/detect.ts'
import type { ObjectFacts, Recognition } from '../modes/mode.ts'
import type { Vault } from './vault.ts'

/**
 * Who an object says it is, with the key that is remembered of it where its envelope names none: that of CSE-KMS never
 * does, and that of CSE-C only if Coffer wrote it. Throws ENVELOPE_INVALID. No network.
 */
export function recognise(vault: Vault, facts: ObjectFacts): Recognition {
  const recognition = detect(facts)
  if (recognition.keyId !== undefined) return recognition
  const { bucket, key, etag } = facts
  const known = vault.catalog.recall(vault.place, bucket, key)
  const same = known !== null && known.etag === etag && known.mode === recognition.mode
  return same ? { ...recognition, keyId: known.keyId } : recognition
}
