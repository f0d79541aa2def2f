import { openSegments, overheadBytes, sealedBytes, segmentCount, segmentOffset } from './segments.ts'
import { DamagedError, HEADER_BYTES, SEGMENT_BYTES, newSegments, type SegmentCipher } from './segments.ts'

/** Segments sealed or opened at a time: 1 MiB of plaintext. */
const BATCH = 16

/** The bytes of an object or part that rest sealed, readable at any place. */
export interface SealedSource {
  /** Fills the buffer from this offset; returns how many bytes there were. */
  read(buffer: Buffer, offset: number): Promise<number>
  /** Size at rest. */
  size: number
}

/**
 * Seals a stream of plaintext; yields a batch of segments at a time, as buffers to be written one after the other.
 * `atATime` is how many segments that are; one is enough for what is known to be small.
 */
export async function* sealStream(
  plain: AsyncIterable<Buffer>,
  dataKeys: Buffer[],
  identity: Buffer,
  atATime = BATCH,
): AsyncGenerator<Buffer[]> {
  const cipher = newSegments(dataKeys, identity)
  const batch = Buffer.allocUnsafe(atATime * SEGMENT_BYTES)
  let [filled, index] = [0, 0]
  try {
    yield [cipher.header]
    for await (const chunk of plain) {
      let taken = 0
      while (taken < chunk.length) {
        // A full batch waits for the next byte: only then it is known not to hold the last segment.
        if (filled === batch.length) {
          yield sealBatch(cipher, batch, index, false)
          index += atATime
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
    const read = batchReader(source, cipher.layers, lastWanted)
    let pending = read(index)
    while (index <= lastWanted) {
      const sealed = await pending
      pending = read(index + BATCH)
      const opened = openBatch(cipher, sealed, index, total)
      yield* clip(opened, index * SEGMENT_BYTES, start, end)
      index += BATCH
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

/**
 * Reads batches in turn into two buffers, so that one can be opened while the next is read. A failure waits for whoever
 * awaits it, even if nobody does any more.
 */
function batchReader(source: SealedSource, layers: number, lastWanted: number): (index: number) => Promise<Buffer> {
  const stride = SEGMENT_BYTES + overheadBytes(layers)
  const buffers: Buffer[] = []
  let turn = 0
  return (index) => {
    const offset = segmentOffset(index, layers)
    const bytes = Math.max(0, Math.min(Math.min(BATCH, lastWanted + 1 - index) * stride, source.size - offset))
    turn = 1 - turn
    const buffer = (buffers[turn] ??= Buffer.allocUnsafe(bytes)).subarray(0, bytes)
    const pending = readWhole(source, buffer, offset).then(() => buffer)
    pending.catch(() => undefined)
    return pending
  }
}

async function readWhole(source: SealedSource, buffer: Buffer, offset: number): Promise<void> {
  let filled = 0
  while (filled < buffer.length) {
    const read = await source.read(buffer.subarray(filled), offset + filled)
    if (read === 0) throw new DamagedError()
    filled += read
  }
}
