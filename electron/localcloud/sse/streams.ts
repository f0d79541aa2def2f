import { openSegments, overheadBytes, sealedBytes, segmentCount, segmentOffset } from './segments.ts'
import { DamagedError, HEADER_BYTES, SEGMENT_BYTES, newSegments, type SegmentCipher } from './segments.ts'

/** Segments sealed or opened at a time: 1 MiB of plaintext. */
const BATCH = 16
const BATCH_BYTES = BATCH * SEGMENT_BYTES

/** The bytes of an object or part that rest sealed, readable at any place. */
export interface SealedSource {
  /** Fills the buffer from this offset; returns how many bytes there were. */
  read(buffer: Buffer, offset: number): Promise<number>
  /** Size at rest. */
  size: number
}

/** Seals a stream of plaintext; yields about 1 MiB at a time as buffers to be written one after the other. */
export async function* sealStream(
  plain: AsyncIterable<Buffer>,
  dataKeys: Buffer[],
  identity: Buffer,
): AsyncGenerator<Buffer[]> {
  const cipher = newSegments(dataKeys, identity)
  const batch = Buffer.allocUnsafe(BATCH_BYTES)
  let [filled, index] = [0, 0]
  try {
    yield [cipher.header]
    for await (const chunk of plain) {
      let taken = 0
      while (taken < chunk.length) {
        // A full batch waits for the next byte: only then it is known not to hold the last segment.
        if (filled === BATCH_BYTES) {
          yield sealBatch(cipher, batch, index, false)
          index += BATCH
          filled = 0
        }
        const copied = chunk.copy(batch, filled, taken)
        filled += copied
        taken += copied
      }
    }
    yield sealBatch(cipher, batch.subarray(0, filled), index, true)
  } finally {
    cipher.forget()
  }
}

function sealBatch(cipher: SegmentCipher, plain: Buffer, first: number, isEnd: boolean): Buffer[] {
  const count = segmentCount(plain.length)
  return Array.from({ length: count }, (_, i) => {
    const segment = plain.subarray(i * SEGMENT_BYTES, (i + 1) * SEGMENT_BYTES)
    return cipher.seal(segment, first + i, isEnd && i === count - 1)
  }).flat()
}

/**
 * Opens the bytes from `start` up to, but without, `end` of a plaintext of `plainBytes`. Reads only the segments that hold
 * them, one batch ahead. Throws DamagedError before it yields anything of a damaged batch.
 */
export async function* openStream(
  source: SealedSource,
  plainBytes: number,
  dataKeys: Buffer[],
  identity: Buffer,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (source.size !== sealedBytes(plainBytes, dataKeys.length)) throw new DamagedError()
  const header = Buffer.alloc(HEADER_BYTES)
  await readWhole(source, header, 0)
  const cipher = openSegments(dataKeys, identity, header)
  const total = segmentCount(plainBytes)
  const lastWanted = Math.max(0, Math.ceil(end / SEGMENT_BYTES) - 1)
  try {
    let index = Math.floor(start / SEGMENT_BYTES)
    let pending = readBatch(source, cipher.layers, index, Math.min(BATCH, lastWanted + 1 - index))
    while (index <= lastWanted) {
      const sealed = await pending
      const next = index + BATCH
      if (next <= lastWanted) pending = readAhead(source, cipher.layers, next, Math.min(BATCH, lastWanted + 1 - next))
      const opened = openBatch(cipher, sealed, index, total)
      yield* clip(opened, index * SEGMENT_BYTES, start, end)
      index = next
    }
  } finally {
    cipher.forget()
  }
}

function openBatch(cipher: SegmentCipher, sealed: Buffer, first: number, total: number): Buffer[] {
  const stride = SEGMENT_BYTES + overheadBytes(cipher.layers)
  const count = Math.max(1, Math.ceil(sealed.length / stride))
  return Array.from({ length: count }, (_, i) => {
    const index = first + i
    return cipher.open(sealed.subarray(i * stride, (i + 1) * stride), index, index === total - 1)
  })
}

function* clip(segments: Buffer[], offset: number, start: number, end: number): Generator<Buffer> {
  for (const segment of segments) {
    const wanted = segment.subarray(Math.max(0, start - offset), Math.max(0, end - offset))
    if (wanted.length > 0) yield wanted
    offset += segment.length
  }
}

/** A read whose failure waits for whoever awaits it, even if nobody does any more. */
function readAhead(source: SealedSource, layers: number, index: number, count: number): Promise<Buffer> {
  const pending = readBatch(source, layers, index, count)
  pending.catch(() => undefined)
  return pending
}

async function readBatch(source: SealedSource, layers: number, index: number, count: number): Promise<Buffer> {
  const offset = segmentOffset(index, layers)
  const wanted = count * (SEGMENT_BYTES + overheadBytes(layers))
  const batch = Buffer.allocUnsafe(Math.min(wanted, source.size - offset))
  await readWhole(source, batch, offset)
  return batch
}

async function readWhole(source: SealedSource, buffer: Buffer, offset: number): Promise<void> {
  let filled = 0
  while (filled < buffer.length) {
    const read = await source.read(buffer.subarray(filled), offset + filled)
    if (read === 0) throw new DamagedError()
    filled += read
  }
}
