import { startChecksum } from '../body/digest.ts'
import type { ChecksumAlgorithm } from '../request.ts'
import type { ChecksumType } from '../storage/versions.ts'

export interface PartChecksum {
  /** Base64 of the big-endian digest. */
  value: string
  /** Bytes of the part. */
  size: number
}

/**
 * The checksum of a whole from those of its parts: COMPOSITE is the checksum of the parts' digests, with their number
 * behind it; FULL_OBJECT is what the bytes in a row would give, computed from CRCs alone.
 */
export function checksumOfParts(algorithm: ChecksumAlgorithm, type: ChecksumType, parts: PartChecksum[]): string {
  if (type === 'FULL_OBJECT') return combineCrcs(algorithm, parts)
  const digest = startChecksum(algorithm)
  for (const { value } of parts) digest.update(Buffer.from(value, 'base64'))
  return `${digest.digest().toString('base64')}-${String(parts.length)}`
}

/** Width in bits and reflected polynomial. */
const CRCS: Partial<Record<ChecksumAlgorithm, { width: bigint; polynomial: bigint }>> = {
  CRC32: { width: 32n, polynomial: 0xedb88320n },
  CRC32C: { width: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { width: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
}

function combineCrcs(algorithm: ChecksumAlgorithm, parts: PartChecksum[]): string {
  const crc = CRCS[algorithm]
  if (!crc) throw new TypeError(`${algorithm} cannot be combined.`)
  const { width, polynomial } = crc
  const shifts = new Map<number, bigint>()
  let whole = 0n
  for (const { value, size } of parts) {
    const shift = shifts.get(size) ?? powerOfX(BigInt(size) * 8n, width, polynomial)
    shifts.set(size, shift)
    whole = multiply(shift, whole, width, polynomial) ^ BigInt(`0x${Buffer.from(value, 'base64').toString('hex')}`)
  }
  return Buffer.from(whole.toString(16).padStart(Number(width) / 4, '0'), 'hex').toString('base64')
}

/**
 * Polynomials over GF(2) modulo the CRC's, in reflected bit order: the highest bit is x^0. A CRC of A followed by B is
 * crc(A) * x^bits(B) + crc(B); equal initial and final inversions cancel out.
 */
function powerOfX(exponent: bigint, width: bigint, polynomial: bigint): bigint {
  let result = 1n << (width - 1n)
  let square = 1n << (width - 2n)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(square, result, width, polynomial)
    square = multiply(square, square, width, polynomial)
  }
  return result
}

function multiply(a: bigint, b: bigint, width: bigint, polynomial: bigint): bigint {
  let product = 0n
  for (let bit = 1n << (width - 1n); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= b
    b = b & 1n ? (b >> 1n) ^ polynomial : b >> 1n
  }
  return product
}
