import { hash } from 'node:crypto'
import { zero } from './bytes.ts'

const HASH_BYTES = { sha256: 32, sha512: 64 } as const
const BLOCK_BYTES = { sha256: 64, sha512: 128 } as const

type Hash = keyof typeof HASH_BYTES

/**
 * HKDF (RFC 5869) of up to one block of the hash; the caller zeroes the result.
 *
 * By its two HMACs and not by `hkdfSync`, which turns the material into a KeyObject: a copy of it then stays in memory,
 * out of reach, until the garbage collector comes by.
 */
export function hkdf(
  hash: Hash,
  material: Uint8Array,
  salt: Uint8Array,
  info: string | Uint8Array,
  length: number,
): Buffer {
  const pseudorandomKey = hkdfExtract(hash, material, salt)
  try {
    return hkdfExpand(hash, pseudorandomKey, info, length)
  } finally {
    zero(pseudorandomKey)
  }
}

/** The first half of HKDF, for more than one result of the same material. The caller zeroes it. */
export function hkdfExtract(hash: Hash, material: Uint8Array, salt: Uint8Array): Buffer {
  // An absent salt is a string of zeros (RFC 5869, 2.2); so is what an HMAC pads a short key with.
  return hmac(hash, salt, material)
}

/** The second half. The caller zeroes the result. */
export function hkdfExpand(hash: Hash, pseudorandomKey: Uint8Array, info: string | Uint8Array, length: number): Buffer {
  if (length > HASH_BYTES[hash]) throw new RangeError(`HKDF-${hash} gives at most ${HASH_BYTES[hash]} bytes here.`)
  const block = hmac(hash, pseudorandomKey, Buffer.from(info), Buffer.of(1))
  zero(block.subarray(length))
  return block.subarray(0, length)
}

/**
 * HMAC (RFC 2104) out of two plain hashes: `createHmac` takes ten times as long to look at its key, for each of thousands of
 * small files. What holds the key is zeroed.
 */
export function hmac(name: Hash, key: Uint8Array, ...message: Uint8Array[]): Buffer {
  const size = BLOCK_BYTES[name]
  const short = key.length > size ? hash(name, key, 'buffer') : key
  const inner = Buffer.alloc(
    message.reduce<number>((sum, piece) => sum + piece.length, size),
    0x36,
  )
  const outer = Buffer.alloc(size + HASH_BYTES[name], 0x5c)
  for (let at = 0; at < short.length; at++) {
    const byte = short[at] ?? 0
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  let at = size
  for (const piece of message) {
    inner.set(piece, at)
    at += piece.length
  }
  const innerHash = hash(name, inner, 'buffer')
  outer.set(innerHash, size)
  try {
    return hash(name, outer, 'buffer')
  } finally {
    zero(inner, innerHash, outer, short === key ? null : short)
  }
}
