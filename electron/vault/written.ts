import type { ObservedMode } from '../base/mode-names.ts'
import { headObject } from '../cloud/wire/wire.ts'
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

/** What came of a write: what S3 says that it did, not what it was asked for. The catalog knows it at once. */
export async function finishWrite(
  vault: Vault,
  { bucket, key, bytes, started }: Written,
  plan: WritePlan,
  answer: StoredFacts,
  signal: AbortSignal,
): Promise<PutResult> {
  const stored = await readBack(vault, { bucket, key }, plan, answer, signal)
  const { mode, keyId } = observe(plan, stored)
  const { format } = plan
  const { etag, versionId, bytes: storedBytes } = stored
  const entry = { place: vault.place, bucket, key, etag, size: storedBytes, mode, keyId, format }
  // S3 does not say when it stored it; the next listing will.
  vault.catalog.stored(entry, Date.now())
  const seconds = (performance.now() - started) / 1_000
  const journey = plan.journey(stored)
  return { bucket, key, mode, keyId, format, bytes, storedBytes, seconds, etag, versionId, journey }
}

/** Some servers do not say in their answer how they encrypted; then the object itself is asked. Best effort: it is stored. */
async function readBack(
  { s3 }: Vault,
  { bucket, key }: { bucket: string; key: string },
  plan: WritePlan,
  answer: StoredFacts,
  signal: AbortSignal,
): Promise<StoredFacts> {
  const serverDecides = plan.sealer === null && plan.customerKey.SSECustomerKey === undefined
  if (!serverDecides || answer.serverSideEncryption !== undefined) return answer
  const asked = { Bucket: bucket, Key: key, VersionId: answer.versionId }
  const head = await headObject(s3, asked, signal).catch(() => null)
  if (head === null) return answer
  return {
    ...answer,
    serverSideEncryption: head.ServerSideEncryption,
    kmsKeyId: head.SSEKMSKeyId,
    bucketKeyEnabled: head.BucketKeyEnabled,
  }
}

function observe(plan: WritePlan, stored: StoredFacts): { mode: ObservedMode; keyId: string | undefined } {
  const ours = plan.sealer !== null || plan.customerKey.SSECustomerKey !== undefined
  if (ours && plan.mode !== 'bucket-default') return { mode: plan.mode, keyId: plan.keyId }
  if (stored.serverSideEncryption === S3_MANAGED) return { mode: 'sse-s3', keyId: undefined }
  if (isKmsManaged(stored.serverSideEncryption)) return { mode: 'sse-kms', keyId: stored.kmsKeyId }
  return { mode: stored.serverSideEncryption === undefined ? 'none' : 'unknown', keyId: stored.kmsKeyId }
}
