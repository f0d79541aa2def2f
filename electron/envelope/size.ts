import { CofferError } from '../base/errors.ts'

/** Length of AES-GCM's tag, which ends every sealed object. */
export const TAG_BYTES = 16

/** The most plaintext AES-GCM takes under one key and IV: 2^39 - 256 bits (NIST SP 800-38D, 5.2.1.1), in bytes. */
export const GCM_MAX_PLAINTEXT = 2 ** 36 - 32

/** Throws TOO_LARGE if client-side encryption cannot take a file of this many bytes. */
export function refuseBeyondGcm(plaintextSize: number): void {
  if (plaintextSize <= GCM_MAX_PLAINTEXT) return
  throw new CofferError(
    'TOO_LARGE',
    `Client-side encryption takes at most ${GCM_MAX_PLAINTEXT} bytes a file (AES-GCM's limit). SSE-S3, SSE-KMS and SSE-C take larger ones.`,
    { facts: { limit: String(GCM_MAX_PLAINTEXT) } },
  )
}

/** Stored bytes of a plaintext of this many bytes. Throws TOO_LARGE beyond GCM's limit. */
export function sealedSize(plaintextSize: number): number {
  if (!Number.isSafeInteger(plaintextSize) || plaintextSize < 0)
    throw new CofferError('INVALID_INPUT', 'A size is a whole number of bytes, zero or more.')
  refuseBeyondGcm(plaintextSize)
  return plaintextSize + TAG_BYTES
}

/** Plaintext bytes of an AES-GCM object of this many stored bytes. Throws TRUNCATED if it cannot even hold a tag. */
export function plaintextSize(storedSize: number): number {
  if (storedSize < TAG_BYTES)
    throw new CofferError('TRUNCATED', 'The object is shorter than the tag that must end it; part of it is missing.')
  if (storedSize > GCM_MAX_PLAINTEXT + TAG_BYTES)
    throw new CofferError('INTEGRITY', 'The object is larger than AES-GCM can seal, so it is not what was sealed.')
  return storedSize - TAG_BYTES
}
