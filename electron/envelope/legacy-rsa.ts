import { constants, createHash, createHmac, privateDecrypt, type KeyObject } from 'node:crypto'
import { equalBytes, zero } from '../base/bytes.ts'
import { DATA_KEY_BYTES } from './envelope.ts'

const SHA1_BYTES = 20
const SHA256_BYTES = 32

/**
 * RSAES-PKCS1-v1_5 (RFC 8017, 7.2.2) of a 32-byte key, with implicit rejection: whatever is wrong with the padding, the answer
 * is 32 bytes, after the same work, and the same each time; they are then simply the wrong key. Null only if the number is not
 * below the modulus, which anyone can see.
 */
export function pkcs1Decrypt(bytes: Buffer, privateKey: KeyObject): Buffer | null {
  const block = rawDecrypt(bytes, privateKey)
  if (block === null) return null
  const key = rejectionKey(bytes, privateKey)
  const separator = block.length - DATA_KEY_BYTES - 1
  let wrong = byteAt(block, 0) | (byteAt(block, 1) ^ 2) | byteAt(block, separator)
  for (let i = 2; i < separator; i++) wrong |= isZero(byteAt(block, i))
  const keep = -(isZero(wrong) & 1) & 0xff
  for (let i = 0; i < DATA_KEY_BYTES; i++) key[i] = (byteAt(block, separator + 1 + i) & keep) | (byteAt(key, i) & ~keep)
  zero(block)
  return key
}

/**
 * RSAES-OAEP (RFC 8017, 7.1.2) with SHA-256 for the label and MGF1 with SHA-1, as Java's
 * `OAEPWithSHA-256AndMGF1Padding` means it, of a bare 32-byte key; null for every failure. By hand, because Node sets both
 * hashes to one.
 */
export function oaepSha256Mgf1Sha1Decrypt(bytes: Buffer, privateKey: KeyObject): Buffer | null {
  const block = rawDecrypt(bytes, privateKey)
  if (block === null) return null
  const seed = block.subarray(1, 1 + SHA256_BYTES)
  const data = block.subarray(1 + SHA256_BYTES)
  xorInto(seed, mgf1Sha1(data, seed.length))
  xorInto(data, mgf1Sha1(seed, data.length))
  const label = createHash('sha256').digest()
  const separator = data.length - DATA_KEY_BYTES - 1
  let wrong =
    byteAt(block, 0) | (byteAt(data, separator) ^ 1) | (equalBytes(data.subarray(0, SHA256_BYTES), label) ? 0 : 1)
  for (let i = SHA256_BYTES; i < separator; i++) wrong |= byteAt(data, i)
  const key = wrong === 0 ? Buffer.from(data.subarray(separator + 1)) : null
  zero(block)
  return key
}

/** MGF1 (RFC 8017, B.2.1) with SHA-1. */
export function mgf1Sha1(seed: Uint8Array, length: number): Buffer {
  const mask = Buffer.alloc(Math.ceil(length / SHA1_BYTES) * SHA1_BYTES)
  const counter = Buffer.alloc(4)
  for (let at = 0; at < mask.length; at += SHA1_BYTES) {
    counter.writeUInt32BE(at / SHA1_BYTES)
    createHash('sha1').update(seed).update(counter).digest().copy(mask, at)
  }
  return mask.subarray(0, length)
}

function rawDecrypt(bytes: Buffer, privateKey: KeyObject): Buffer | null {
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, bytes)
  } catch {
    return null
  }
}

/** What a wrong v1.5 wrap yields: fixed for a private key and a wrap, and unpredictable to all who lack that key. */
function rejectionKey(bytes: Buffer, privateKey: KeyObject): Buffer {
  const der = privateKey.export({ type: 'pkcs8', format: 'der' })
  const secret = createHash('sha256').update(der).digest()
  const key = createHmac('sha256', secret).update(bytes).digest()
  zero(der, secret)
  return key
}

/** 1 if the byte is zero and 0 if not, without a branch. */
function isZero(byte: number): number {
  return ((byte - 1) >>> 31) & 1
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function xorInto(target: Buffer, mask: Buffer): void {
  for (let i = 0; i < target.length; i++) target[i] = byteAt(target, i) ^ byteAt(mask, i)
}
