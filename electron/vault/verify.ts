import { journeyOf, openReading, readThrough, rememberReading } from './reading.ts'
import type { Wanted } from './look.ts'
import type { Vault, VerifyResult, Watch } from './vault.ts'

/**
 * Reads an object to its end, proves it, and lets the plaintext go piece by piece. `proof` says honestly what the proof
 * was worth: the GCM tag, S3's checksum of the whole, or nothing but S3's own word. Throws what `get` throws, but for the
 * disk.
 */
export async function verify(vault: Vault, request: Wanted, watch: Watch): Promise<VerifyResult> {
  const started = performance.now()
  const { bucket, key } = request
  const reading = await openReading(vault, request, watch.signal)
  const { plan } = reading
  try {
    const done = await readThrough(vault, reading, () => undefined, {
      ...watch,
      checksum: true,
    })
    const journey = journeyOf(reading, done)
    rememberReading(vault, request, reading, journey)
    const { mode, keyId, format } = plan.recognition
    const { bytes, proof } = done
    return { bucket, key, mode, keyId, format, bytes, seconds: (performance.now() - started) / 1_000, proof, journey }
  } finally {
    plan.dispose()
  }
}
