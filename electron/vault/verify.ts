import { conclude, openReading, readThrough } from './reading.ts'
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
  const reading = await openReading(vault, { ...request, asksWithoutKey: true }, watch.signal)
  try {
    const done = await readThrough(vault, reading, () => undefined, {
      ...watch,
      checksum: true,
    })
    const concluded = conclude(vault, request, reading, done)
    const { bytes, proof } = done
    return { bucket, key, bytes, proof, ...concluded, seconds: (performance.now() - started) / 1_000 }
  } finally {
    reading.plan.dispose()
  }
}
