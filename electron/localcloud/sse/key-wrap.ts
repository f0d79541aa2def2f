import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { equalBytes, zero } from '../../base/bytes.ts'
import { hkdf } from '../../base/hkdf.ts'
import { DamagedError } from './segments.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Wraps a data key by AES-256-GCM: nonce || ciphertext || tag. `identity` is authenticated with it. */
export function wrapKey(wrappingKey: Buffer, dataKey: Buffer, identity: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce)
  cipher.setAAD(identity)
  const sealed = cipher.update(dataKey)
  cipher.final()
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()])
}

/** Undoes wrapKey. Throws DamagedError if the key, the identity or the bytes differ. */
export function unwrapKey(wrappingKey: Buffer, wrapped: Buffer, identity: Buffer): Buffer {
  if (wrapped.length <= NONCE_BYTES + TAG_BYTES) throw new DamagedError()
  const end = wrapped.length - TAG_BYTES
  const nonce = wrapped.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', wrappingKey, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(identity).setAuthTag(wrapped.subarray(end))
  const dataKey = decipher.update(wrapped.subarray(NONCE_BYTES, end))
  try {
    decipher.final()
  } catch {
    zero(dataKey)
    throw new DamagedError()
  }
  return dataKey
}

/** What is kept of a customer's key: enough to recognise it, nothing to find it by. */
export interface CustomerMark {
  /** 32 random bytes. */
  salt: Buffer
  /** HKDF-SHA256 (a salted HMAC) of the key. */
  check: Buffer
}

export function markCustomerKey(customerKey: Buffer): CustomerMark {
  const salt = randomBytes(32)
  return { salt, check: derive(customerKey, salt, 'coffer sse-c recognise') }
}

/** Whether this is the key that the mark was made of, in constant time. */
export function isMarkedKey(customerKey: Buffer, mark: CustomerMark): boolean {
  return equalBytes(derive(customerKey, mark.salt, 'coffer sse-c recognise'), mark.check)
}

/** The key that wraps a data key on behalf of a customer's key; independent of the mark's check. Zero it after use. */
export function customerWrappingKey(customerKey: Buffer, mark: CustomerMark): Buffer {
  return derive(customerKey, mark.salt, 'coffer sse-c wrap')
}

function derive(customerKey: Buffer, salt: Buffer, purpose: string): Buffer {
  return hkdf('sha256', customerKey, salt, purpose, 32)
}
