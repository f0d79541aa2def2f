import { refuseIfTaken, writeDestination } from '../transfers/destination.ts'
import { RANGE } from '../transfers/download.ts'
import { fileTimes } from './file-metadata.ts'
import { openReading, readThrough, rememberReading } from './reading.ts'
import type { GetRequest, GetResult, Vault, Watch } from './vault.ts'

/**
 * Brings one object back as a file: into a temporary beside its path, checked, and only then into place. On any failure,
 * and on an abort, nothing is at the path that was not there before. Throws ALREADY_EXISTS, OBJECT_NOT_FOUND,
 * BUCKET_NOT_FOUND, KEY_*, KMS_*, INTEGRITY, TRUNCATED, COMMITMENT_MISMATCH, ENVELOPE_INVALID, SEAL_MISSING, LEGACY_NOT_ALLOWED,
 * CHANGED_WHILE_READ, DISK_FULL, LOCAL_IO, and failures of the network.
 */
export async function get(vault: Vault, request: GetRequest, watch: Watch): Promise<GetResult> {
  const started = performance.now()
  const { bucket, key, path, overwrite } = request
  if (overwrite === 'refuse') await refuseIfTaken(path)
  const reading = await openReading(vault, request, watch.signal)
  const { facts, plan } = reading
  try {
    const destination = { path, overwrite, ...fileTimes(facts.metadata) }
    // What comes in one piece, the SDK compares with S3's checksum as it comes; only more needs a question of its own.
    const how = { ...watch, checksum: facts.size > RANGE }
    const done = await writeDestination(destination, (write) => readThrough(vault, reading, write, how))
    rememberReading(vault, request, reading)
    const { mode, keyId, format } = plan.recognition
    const journey = [
      ...plan.journey({ etag: facts.etag, bytes: facts.size, requestId: done.requestId }),
      ...done.proofSteps,
    ]
    const seconds = (performance.now() - started) / 1_000
    return { bucket, key, path, mode, keyId, format, bytes: done.bytes, seconds, journey }
  } finally {
    plan.dispose()
  }
}
