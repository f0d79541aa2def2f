import fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  DamagedError,
  HEADER_BYTES,
  sealedBytes,
  SEGMENT_BYTES,
  segmentOffset,
} from '../../../../electron/localcloud/sse/segments.ts'
import { openStream, sealStream, type SealedSource } from '../../../../electron/localcloud/sse/streams.ts'

const MIB = 1024 * 1024
const SIZES = [0, 1, 16, 65_535, 65_536, 65_537, 2 * 65_536, MIB - 1, MIB, MIB + 1, 3 * MIB + 5]
const identity = Buffer.from('piece 1 of object A')
const one = [randomBytes(32)]
const two = [randomBytes(32), randomBytes(32)]

async function seal(plain: Buffer, keys: Buffer[], chunk = plain.length || 1, as = identity): Promise<Buffer> {
  const blocks: Buffer[] = []
  for await (const block of sealStream(inChunks(plain, chunk), keys, as)) blocks.push(...block)
  return Buffer.concat(blocks)
}

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

function source(sealed: Buffer): SealedSource {
  return { size: sealed.length, read: (buffer, offset) => Promise.resolve(sealed.copy(buffer, 0, offset)) }
}

async function open(
  sealed: Buffer,
  size: number,
  keys: Buffer[],
  [start, end] = [0, size],
  as = identity,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of openStream(source(sealed), size, keys, as, start, end)) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe.each([
  ['one layer', one],
  ['two layers', two],
])('%s', (_name, keys) => {
  it.each(SIZES)('seals and opens %i bytes, in the size that was foretold', async (size) => {
    const plain = randomBytes(size)
    const sealed = await seal(plain, keys, 70_001)
    expect(sealed.length).toBe(sealedBytes(size, keys.length))
    expect((await open(sealed, size, keys)).equals(plain)).toBe(true)
  })

  it('opens any range alone', async () => {
    const plain = randomBytes(MIB + SEGMENT_BYTES + 7)
    const sealed = await seal(plain, keys)
    const place = fc.integer({ min: 0, max: plain.length })
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        fc.pre(start < end)
        expect((await open(sealed, plain.length, keys, [start, end])).equals(plain.subarray(start, end))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('reads only the segments that hold the range', async () => {
    const plain = randomBytes(4 * SEGMENT_BYTES)
    const sealed = await seal(plain, keys)
    sealed.fill(0, segmentOffset(0, keys.length), segmentOffset(2, keys.length))
    const range: [number, number] = [2 * SEGMENT_BYTES, 3 * SEGMENT_BYTES]
    expect((await open(sealed, plain.length, keys, range)).equals(plain.subarray(...range))).toBe(true)
  })

  it.each([0, 1, 33, HEADER_BYTES, HEADER_BYTES + 9, 65_600, -1, -20])('refuses a changed byte at %i', async (at) => {
    const plain = randomBytes(SEGMENT_BYTES + 100)
    const sealed = await seal(plain, keys)
    const index = at < 0 ? sealed.length + at : at
    sealed[index] = (sealed[index] ?? 0) ^ 1
    await expect(open(sealed, plain.length, keys)).rejects.toThrow(DamagedError)
  })

  it('refuses another key, and another identity', async () => {
    const sealed = await seal(randomBytes(10), keys)
    const others = keys.map((key, i) => (i === keys.length - 1 ? randomBytes(32) : key))
    await expect(open(sealed, 10, others)).rejects.toThrow(DamagedError)
    await expect(open(sealed, 10, keys, [0, 10], Buffer.from('piece 2 of object A'))).rejects.toThrow(DamagedError)
  })
})

describe('what an attacker on the disk may try', () => {
  const plain = randomBytes(3 * SEGMENT_BYTES)
  const stride = SEGMENT_BYTES + 16

  it('truncation at a segment is refused, even if the size is made to fit', async () => {
    const sealed = await seal(plain, one)
    const cut = sealed.subarray(0, HEADER_BYTES + 2 * stride)
    await expect(open(cut, plain.length, one)).rejects.toThrow(DamagedError)
    await expect(open(cut, 2 * SEGMENT_BYTES, one)).rejects.toThrow(DamagedError)
  })

  it('extension is refused', async () => {
    const sealed = await seal(plain, one)
    const longer = Buffer.concat([sealed, sealed.subarray(HEADER_BYTES, HEADER_BYTES + stride)])
    await expect(open(longer, plain.length, one)).rejects.toThrow(DamagedError)
    await expect(open(longer, plain.length + SEGMENT_BYTES, one)).rejects.toThrow(DamagedError)
  })

  it('reordering is refused', async () => {
    const sealed = await seal(plain, one)
    const [first, second] = [0, 1].map((i) =>
      Buffer.from(sealed.subarray(HEADER_BYTES + i * stride).subarray(0, stride)),
    )
    second?.copy(sealed, HEADER_BYTES)
    first?.copy(sealed, HEADER_BYTES + stride)
    await expect(open(sealed, plain.length, one)).rejects.toThrow(DamagedError)
  })

  it('the same bytes under the same key never look the same', async () => {
    const [a, b] = [await seal(plain, one), await seal(plain, one)]
    expect(a.subarray(HEADER_BYTES, HEADER_BYTES + 64).equals(b.subarray(HEADER_BYTES, HEADER_BYTES + 64))).toBe(false)
  })
})
