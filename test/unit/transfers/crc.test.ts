import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinedCrc } from '../../../electron/transfers/crc.ts'

test('the CRC-32 of two pieces follows from those of each', () => {
  const pieces = fc.uint8Array({ maxLength: 5_000 })
  fc.assert(
    fc.property(pieces, pieces, (one, other) => {
      expect(joinedCrc(crc32(one), crc32(other), other.length)).toBe(crc32(Buffer.concat([one, other])))
    }),
  )
})

test('lengths beyond 32 bits count in full', () => {
  // Zeros, by doubling.
  let zeros = crc32(Buffer.alloc(1))
  let length = 1
  for (; length < 2 ** 33; length *= 2) zeros = joinedCrc(zeros, zeros, length)
  const two = crc32(Buffer.alloc(2))
  const first = 0x12345678
  const atOnce = joinedCrc(first, joinedCrc(zeros, two, 2), length + 2)
  expect(atOnce).toBe(joinedCrc(joinedCrc(first, zeros, length), two, 2))
  expect(atOnce).not.toBe(joinedCrc(joinedCrc(first, zeros, 0), two, 2))
})
