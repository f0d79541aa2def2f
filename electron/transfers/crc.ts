/** The CRC-32 polynomial, bits reversed, as zlib and S3 use it. */
const POLYNOMIAL = 0xedb88320
const ONE = 0x80000000

/** Product of two polynomials modulo the CRC's. */
function multiply(one: number, other: number): number {
  let product = 0
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((one & bit) !== 0) product ^= other
    other = (other & 1) === 0 ? other >>> 1 : (other >>> 1) ^ POLYNOMIAL
  }
  return product >>> 0
}

/** x^(8 * bytes) modulo the CRC's polynomial, by squaring. */
function shift(bytes: number): number {
  let square = ONE >>> 8
  let power = ONE
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power)
    square = multiply(square, square)
  }
  return power
}

/**
 * CRC-32 of two pieces, one after the other, from the CRC of each: the second of `bytes` bytes. So that a whole object's
 * checksum costs nothing on top of its parts'. (Mark Adler's crc32_combine in zlib.)
 */
export function joinedCrc(first: number, second: number, bytes: number): number {
  return (multiply(shift(bytes), first) ^ second) >>> 0
}
