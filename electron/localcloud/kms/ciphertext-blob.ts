import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { hkdf } from '../../base/hkdf.ts'
import { encodeContext, type EncryptionContext } from './encryption-context.ts'

/**
 * KMS ciphertext, in bytes: format (1), key id (16), material version (4), nonce (16), IV (12), ciphertext, tag (16).
 *
 * Each message gets its own AES-256-GCM key, derived from the material with the nonce as salt (HKDF-SHA256), so that one
 * material may encrypt any number of messages. Everything before the IV and the encryption context is authenticated.
 */
const FORMAT = 1
const NONCE_AT = 21
const IV_AT = 37
const BODY_AT = 49
const TAG_BYTES = 16

/** Which key and material a blob names; nothing in it is proven before `openBlob`. */
export interface BlobHeader {
  keyId: string
  version: number
}

/** Reads a blob's header; null if it is no ciphertext of this service. */
export function readBlobHeader(blob: Uint8Array): BlobHeader | null {
  if (blob.length < BODY_AT + TAG_BYTES || blob[0] !== FORMAT) return null
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  const hex = bytes.toString('hex', 1, 17)
  const keyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { keyId, version: bytes.readUInt32BE(17) }
}

/** Encrypts under a material. The plaintext stays the caller's to zero. */
export function sealBlob(
  material: Buffer,
  { keyId, version }: BlobHeader,
  context: EncryptionContext,
  plaintext: Uint8Array,
): Buffer {
  const head = Buffer.alloc(BODY_AT)
  head[0] = FORMAT
  head.write(keyId.replaceAll('-', ''), 1, 'hex')
  head.writeUInt32BE(version, 17)
  randomBytes(BODY_AT - NONCE_AT).copy(head, NONCE_AT)
  const key = messageKey(material, head)
  const cipher = createCipheriv('aes-256-gcm', key, head.subarray(IV_AT, BODY_AT))
  cipher.setAAD(Buffer.concat([head.subarray(0, IV_AT), encodeContext(context)]))
  const blob = Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  zero(key)
  return blob
}

/** Decrypts; null if anything differs: the blob, its context, or the material. The result is the caller's to zero. */
export function openBlob(material: Buffer, blob: Uint8Array, context: EncryptionContext): Buffer | null {
  const key = messageKey(material, blob)
  const end = blob.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(IV_AT, BODY_AT))
  decipher.setAAD(Buffer.concat([blob.subarray(0, IV_AT), encodeContext(context)]))
  decipher.setAuthTag(blob.subarray(end))
  const plaintext = decipher.update(blob.subarray(BODY_AT, end))
  try {
    decipher.final()
    return plaintext
  } catch {
    zero(plaintext)
    return null
  } finally {
    zero(key)
  }
}

function messageKey(material: Buffer, head: Uint8Array): Buffer {
  return hkdf('sha256', material, head.subarray(NONCE_AT, IV_AT), 'coffer kms message key v1', 32)
}
