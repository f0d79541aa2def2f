/** Reflected Castagnoli polynomial (RFC 3720 appendix B.4). */
const POLYNOMIAL = 0x82f63b78

/** Eight tables, so that eight bytes go by at a time ("slicing-by-8"). */
const TABLES = makeTables()

/** Continues a CRC32C over more bytes; start from 0. Nothing is copied. */
export function crc32c(data: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES
  const fast = data.length - (data.length % 8)
  let crc = ~previous
  let i = 0
  for (; i < fast; i += 8) {
    crc ^= at(data, i) | (at(data, i + 1) << 8) | (at(data, i + 2) << 16) | (at(data, i + 3) << 24)
    crc =
      at(t7, crc & 255) ^
      at(t6, (crc >>> 8) & 255) ^
      at(t5, (crc >>> 16) & 255) ^
      at(t4, crc >>> 24) ^
      at(t3, at(data, i + 4)) ^
      at(t2, at(data, i + 5)) ^
      at(t1, at(data, i + 6)) ^
      at(t0, at(data, i + 7))
  }
  for (; i < data.length; i++) crc = at(t0, (crc ^ at(data, i)) & 255) ^ (crc >>> 8)
  return ~crc >>> 0
}

function at(table: Uint32Array | Uint8Array, index: number): number {
  return table[index] as number
}

type Tables = [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array]

function makeTables(): Tables {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256)) as Tables
  const [first] = tables
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[byte] = crc
  }
  for (let byte = 0; byte < 256; byte++) {
    let crc = at(first, byte)
    for (const table of tables.slice(1)) {
      crc = at(first, crc & 255) ^ (crc >>> 8)
      table[byte] = crc
    }
  }
  return tables
}
