import { createCipheriv, createDecipheriv } from 'node:crypto'

const BLOCK = 16
/** x^128 + x^7 + x^2 + x + 1 in GCM's order of bits, in which the leftmost is the lowest power (NIST SP 800-38D, 6.3). */
const POLYNOMIAL = 0xe1n << 120n

/** One message for two keys. */
export interface Salamander {
  /** Ciphertext and tag: AES-256-GCM opens it under either key. */
  body: Buffer
  plaintexts: [Buffer, Buffer]
}

/**
 * Makes a ciphertext that AES-256-GCM opens under two keys, to different texts: the attack on a cipher that does not commit
 * to its key (Dodis, Grubbs, Ristenpart, Woodage, "Fast Message Franking", 2018: "invisible salamanders").
 *
 * The first blocks are `first` under the first key, the next ones `second` under the second, each garbage under the other.
 * A last block is solved for so that both tags agree: the tag is a polynomial in H = AES(key, 0) over GF(2^128) plus
 * AES(key, J0), and that block enters both linearly.
 */
export function salamander(
  keys: [Buffer, Buffer],
  iv: Buffer,
  aad: Buffer,
  texts: [first: Buffer, second: Buffer],
): Salamander {
  const [first, second] = texts.map(padded) as [Buffer, Buffer]
  const lead = Buffer.alloc(first.length)
  const head = seal(keys[0], iv, aad, first).subarray(0, first.length)
  const tail = seal(keys[1], iv, aad, Buffer.concat([lead, second])).subarray(
    first.length,
    first.length + second.length,
  )
  const known = Buffer.concat([head, tail, Buffer.alloc(BLOCK)])
  const hashes = keys.map((key) => ghash(key, aad, known) ^ mask(key, iv))
  // The last ciphertext block stands before the block of lengths: its factor is H squared.
  const factor = keys.map((key) => square(hashKey(key))).reduce((one, other) => one ^ other)
  const solved = multiply((hashes[0] ?? 0n) ^ (hashes[1] ?? 0n), inverse(factor))
  const ciphertext = Buffer.concat([known.subarray(0, -BLOCK), toBlock(solved)])
  const tag = toBlock(ghash(keys[0], aad, ciphertext) ^ mask(keys[0], iv))
  const body = Buffer.concat([ciphertext, tag])
  return { body, plaintexts: [open(keys[0], iv, aad, body), open(keys[1], iv, aad, body)] }
}

/** Plain AES-256-GCM, as any library does it. Throws if the tag is wrong. */
export function open(key: Buffer, iv: Buffer, aad: Buffer, body: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: BLOCK })
  decipher.setAAD(aad).setAuthTag(body.subarray(-BLOCK))
  return Buffer.concat([decipher.update(body.subarray(0, -BLOCK)), decipher.final()])
}

function seal(key: Buffer, iv: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** GHASH of SP 800-38D, 6.4, over the padded data, the padded ciphertext and both lengths. */
function ghash(key: Buffer, aad: Buffer, ciphertext: Buffer): bigint {
  const lengths = (BigInt(aad.length * 8) << 64n) | BigInt(ciphertext.length * 8)
  const blocks = [...blocksOf(padded(aad)), ...blocksOf(padded(ciphertext)), lengths]
  const h = hashKey(key)
  return blocks.reduce((hash, block) => multiply(hash ^ block, h), 0n)
}

function hashKey(key: Buffer): bigint {
  return encipher(key, Buffer.alloc(BLOCK))
}

function mask(key: Buffer, iv: Buffer): bigint {
  return encipher(key, Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]))
}

function encipher(key: Buffer, block: Buffer): bigint {
  return fromBlock(createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block))
}

function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  let power = y
  for (let bit = 127n; bit >= 0n; bit--) {
    if (((x >> bit) & 1n) === 1n) product ^= power
    power = (power & 1n) === 1n ? (power >> 1n) ^ POLYNOMIAL : power >> 1n
  }
  return product
}

function square(x: bigint): bigint {
  return multiply(x, x)
}

/** x^(2^128 - 2), which is 1/x in a field of 2^128 elements: the product of x^2, x^4, x^8 and so on. */
function inverse(x: bigint): bigint {
  let power = square(x)
  let product = power
  for (let n = 2; n < 128; n++) {
    power = square(power)
    product = multiply(product, power)
  }
  return product
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / BLOCK) * BLOCK)
}

function blocksOf(bytes: Buffer): bigint[] {
  return Array.from({ length: bytes.length / BLOCK }, (_, n) => fromBlock(bytes.subarray(n * BLOCK, (n + 1) * BLOCK)))
}

function fromBlock(block: Buffer): bigint {
  return BigInt(`0x${block.toString('hex')}`)
}

function toBlock(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * BLOCK, '0'), 'hex')
}
