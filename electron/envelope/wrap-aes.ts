import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { equalBytes, zero } from '../base/bytes.ts'
import { untraced } from '../base/untraced.ts'
import { DATA_KEY_BYTES, contentName, type Envelope, type WrappedKey } from './envelope.ts'

const IV_BYTES = 12
const TAG_BYTES = 16
const SEMIBLOCK = 8
/** RFC 3394, 2.2.3.1. */
const RFC3394_CHECK = Buffer.alloc(SEMIBLOCK, 0xa6)

/**
 * Wraps a data key under the customer's AES-256 key: `12-byte IV || AES-256-GCM(data key) || tag`, with the content cipher's
 * name authenticated.
 */
export function wrapWithAes(
  dataKey: Uint8Array,
  contentName: string,
  wrappingKey: Uint8Array,
  description: Record<string, string>,
  iv: Uint8Array = randomBytes(IV_BYTES),
): WrappedKey<'AES/GCM'> {
  const cipher = untraced(() => createCipheriv('aes-256-gcm', wrappingKey, iv, { authTagLength: TAG_BYTES }))
  cipher.setAAD(Buffer.from(contentName))
  const bytes = Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()])
  return { algorithm: 'AES/GCM', bytes, description }
}

/**
 * Unwraps with one AES-256 key: `AES/GCM`, or legacy `AESWrap` (RFC 3394) and V1's `AES` (ECB with PKCS #7 padding). Null if the
 * wrap is of another kind or this key does not fit; all three tell, so keys may be tried. The result is the caller's to zero.
 */
export function unwrapWithAes({ wrapped, content }: Envelope, wrappingKey: Uint8Array): Buffer | null {
  if (wrapped.algorithm === 'AES/GCM') return gcmUnwrap(wrapped.bytes, contentName(content), wrappingKey)
  if (wrapped.algorithm === 'AESWrap') return rfc3394Unwrap(wrapped.bytes, wrappingKey)
  return wrapped.algorithm === 'AES' ? ecbUnwrap(wrapped.bytes, wrappingKey) : null
}

function gcmUnwrap(bytes: Buffer, contentName: string, wrappingKey: Uint8Array): Buffer | null {
  const iv = bytes.subarray(0, IV_BYTES)
  const decipher = untraced(() => createDecipheriv('aes-256-gcm', wrappingKey, iv, { authTagLength: TAG_BYTES }))
  decipher.setAAD(Buffer.from(contentName)).setAuthTag(bytes.subarray(-TAG_BYTES))
  const dataKey = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES))
  try {
    decipher.final()
    return dataKey
  } catch {
    zero(dataKey)
    return null
  }
}

/** RFC 3394, 2.2.2, over AES-ECB, because not every crypto library behind Node has a key wrap of its own. */
export function rfc3394Unwrap(bytes: Buffer, wrappingKey: Uint8Array): Buffer | null {
  const count = bytes.length / SEMIBLOCK - 1
  const dataKey = Buffer.from(bytes.subarray(SEMIBLOCK))
  const block = Buffer.alloc(2 * SEMIBLOCK)
  block.set(bytes.subarray(0, SEMIBLOCK))
  const decipher = createDecipheriv('aes-256-ecb', wrappingKey, null).setAutoPadding(false)
  for (let step = 6 * count; step >= 1; step--) {
    const semiblock = dataKey.subarray(((step - 1) % count) * SEMIBLOCK).subarray(0, SEMIBLOCK)
    block.writeUInt32BE((block.readUInt32BE(4) ^ step) >>> 0, 4)
    block.set(semiblock, SEMIBLOCK)
    const plain = decipher.update(block)
    semiblock.set(plain.subarray(SEMIBLOCK))
    block.set(plain.subarray(0, SEMIBLOCK))
    zero(plain)
  }
  decipher.final()
  const fits = equalBytes(block.subarray(0, SEMIBLOCK), RFC3394_CHECK)
  zero(block)
  if (fits) return dataKey
  zero(dataKey)
  return null
}

/** A wrapped 32-byte key ends in one whole block of padding, so a key that does not fit is all but certain to show. */
function ecbUnwrap(bytes: Buffer, wrappingKey: Uint8Array): Buffer | null {
  const decipher = createDecipheriv('aes-256-ecb', wrappingKey, null).setAutoPadding(false)
  const plain = decipher.update(bytes)
  decipher.final()
  const padding = plain.subarray(DATA_KEY_BYTES)
  if (equalBytes(padding, Buffer.alloc(16, 16))) return plain.subarray(0, DATA_KEY_BYTES)
  zero(plain)
  return null
}
