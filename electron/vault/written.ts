import type { ObservedMode } from '../base/mode-names.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { isKmsManaged, S3_MANAGED } from '../modes/server-side.ts'
import type { PutResult, Vault } from './vault.ts'

interface Written {
  bucket: string
  key: string
  /** Plaintext bytes. */
  bytes: number
  /** `performance.now()` when the operation began. */
  started: number
}

/** What came of a write: what was observed of it (`proveWrite`), not what it was asked for. The catalog knows it at once. */
export function finishWrite(
  vault: Vault,
  { bucket, key, bytes, started }: Written,
  plan: WritePlan,
  stored: StoredFacts,
): PutResult {
  const { mode, keyId } = observedMode(plan, stored)
  const { format } = plan
  const { etag, versionId, bytes: storedBytes } = stored
  const envelope = plan.sealer === null ? undefined : { ...plan.metadata, ...plan.instruction }
  const entry = { place: vault.place, bucket, key, etag, size: storedBytes, mode, keyId, format, envelope }
  // S3 does not say when it stored it; the next listing will.
  vault.catalog.stored(entry, Date.now())
  const seconds = (performance.now() - started) / 1_000
  const journey = plan.journey(stored)
  return { bucket, key, mode, keyId, format, bytes, storedBytes, seconds, etag, versionId, journey }
}

function observedMode(plan: WritePlan, stored: StoredFacts): { mode: ObservedMode; keyId: string | undefined } {
  if (plan.sealer !== null && plan.mode !== 'bucket-default') return { mode: plan.mode, keyId: plan.keyId }
  if (stored.customerAlgorithm !== undefined) return { mode: 'sse-c', keyId: plan.keyId }
  if (stored.serverSideEncryption === S3_MANAGED) return { mode: 'sse-s3', keyId: undefined }
  if (isKmsManaged(stored.serverSideEncryption)) return { mode: 'sse-kms', keyId: stored.kmsKeyId }
  return { mode: stored.serverSideEncryption === undefined ? 'none' : 'unknown', keyId: stored.kmsKeyId }
}
