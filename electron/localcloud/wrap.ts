import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16

/** Wraps a secret under a 32-byte key with AES-256-GCM, bound to the name it is kept under: IV, ciphertext, tag. */
export function wrap(wrappingKey: Buffer, name: string, secret: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, iv)
  cipher.setAAD(Buffer.from(name))
  return Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

/** Undoes `wrap`; the result is the caller's to zero. Throws if the wrapped secret, its name or the key is another. */
export function unwrap(wrappingKey: Buffer, name: string, wrapped: Uint8Array): Buffer {
  if (wrapped.length < IV_BYTES + TAG_BYTES) throw new Error(`The wrapped secret of ${name} is damaged`)
  const end = wrapped.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, wrapped.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(wrapped.subarray(end))
  const secret = decipher.update(wrapped.subarray(IV_BYTES, end))
  decipher.final()
  return secret
}
