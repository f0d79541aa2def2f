import { constants, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto'
import { equalBytes, zero } from '../base/bytes.ts'
import { DATA_KEY_BYTES, contentName, type Envelope, type WrappedKey } from './envelope.ts'
import { oaepSha256Mgf1Sha1Decrypt, pkcs1Decrypt } from './legacy-rsa.ts'

/**
 * Wraps a data key under the customer's RSA public key with RSAES-OAEP (SHA-1, MGF1-SHA-1). What is encrypted is a pseudo data
 * key, `length || data key || content cipher's name`, which binds the cipher to the key.
 */
export function wrapWithRsa(
  dataKey: Uint8Array,
  contentName: string,
  publicKey: KeyObject,
  description: Record<string, string>,
): WrappedKey<'RSA-OAEP-SHA1'> {
  const pseudoKey = Buffer.concat([Buffer.of(dataKey.length), dataKey, Buffer.from(contentName)])
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const bytes = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1' }, pseudoKey)
    return { algorithm: 'RSA-OAEP-SHA1', bytes, description }
  } finally {
    zero(pseudoKey)
  }
}

/**
 * Unwraps with one RSA private key: `RSA-OAEP-SHA1`, or legacy OAEP with SHA-256 and V1's PKCS #1 v1.5. Null if the wrap is of
 * another kind or does not open, whatever the reason. A v1.5 wrap never fails here: a wrong one yields a wrong key, as it must
 * not tell an attacker anything (Bleichenbacher). The result is the caller's to zero.
 */
export function unwrapWithRsa({ wrapped, content }: Envelope, privateKey: KeyObject): Buffer | null {
  if (wrapped.bytes.length !== modulusBytes(privateKey)) return null
  if (wrapped.algorithm === 'RSA-OAEP-SHA1') return oaepUnwrap(wrapped.bytes, contentName(content), privateKey)
  if (wrapped.algorithm === 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding')
    return oaepSha256Mgf1Sha1Decrypt(wrapped.bytes, privateKey)
  return wrapped.algorithm === 'RSA' ? pkcs1Decrypt(wrapped.bytes, privateKey) : null
}

function oaepUnwrap(bytes: Buffer, contentName: string, privateKey: KeyObject): Buffer | null {
  const pseudoKey = decryptOaep(bytes, privateKey)
  if (pseudoKey === null) return null
  try {
    const expected = Buffer.from(contentName)
    const nameFits = equalBytes(pseudoKey.subarray(1 + DATA_KEY_BYTES), expected)
    if (pseudoKey[0] !== DATA_KEY_BYTES || !nameFits) return null
    return Buffer.from(pseudoKey.subarray(1, 1 + DATA_KEY_BYTES))
  } finally {
    zero(pseudoKey)
  }
}

function decryptOaep(bytes: Buffer, privateKey: KeyObject): Buffer | null {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return privateDecrypt({ key: privateKey, padding, oaepHash: 'sha1' }, bytes)
  } catch {
    return null
  }
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}
