import { createHmac, createSecretKey } from 'node:crypto'
import { zero } from './bytes.ts'

const HASH_BYTES = { sha256: 32, sha512: 64 } as const

/**
 * HKDF (RFC 5869) of up to one block of the hash; the caller zeroes the result.
 *
 * By its two HMACs and not by `hkdfSync`, which turns the material into a KeyObject: a copy of it then stays in memory,
 * out of reach, until the garbage collector comes by.
 */
export function hkdf(
  hash: keyof typeof HASH_BYTES,
  material: Uint8Array,
  salt: Uint8Array,
  info: string | Uint8Array,
  length: number,
): Buffer {
  if (length > HASH_BYTES[hash]) throw new RangeError(`HKDF-${hash} gives at most ${HASH_BYTES[hash]} bytes here.`)
  // An absent salt is a string of zeros (RFC 5869, 2.2).
  // It is no secret, so it may be a KeyObject, which Node is four times as fast with.
  const extract = createHmac(hash, createSecretKey(salt.length === 0 ? Buffer.alloc(HASH_BYTES[hash]) : salt))
  const pseudorandomKey = extract.update(material).digest()
  const block = createHmac(hash, pseudorandomKey).update(info).update(Buffer.of(1)).digest()
  zero(pseudorandomKey, block.subarray(length))
  return block.subarray(0, length)
}
