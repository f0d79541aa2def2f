import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { Sealer } from '../modes/mode.ts'
import type { BufferPool } from './parts.ts'

/** A piece of the stored object. `bytes` is the filled start of `buffer`, which goes back to the pool once it is sent. */
export interface Part {
  /** From 1. */
  number: number
  bytes: Buffer
  buffer: Buffer
}

interface Sealed {
  size: number
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
  plan: { sealer: Sealer | null }
}

/**
 * Reads the source once, from start to end, and cuts what is stored into parts of `bytesAPart` (the last is what is
 * left; an empty object is one empty part). Throws CHANGED_WHILE_READ if the source is not as long as it said.
 */
export async function* sealParts(
  source: Sealed,
  pool: BufferPool,
  bytesAPart: number,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  let number = 0
  let buffer = pool.take()
  let filled = 0
  for await (const chunk of sealed(source, signal)) {
    for (let taken = 0; taken < chunk.length;) {
      const copied = Math.min(bytesAPart - filled, chunk.length - taken)
      buffer.set(chunk.subarray(taken, taken + copied), filled)
      filled += copied
      taken += copied
      if (filled < bytesAPart) continue
      yield { number: ++number, bytes: buffer.subarray(0, filled), buffer }
      buffer = pool.take()
      filled = 0
    }
  }
  if (filled > 0 || number === 0) yield { number: number + 1, bytes: buffer.subarray(0, filled), buffer }
}

async function* sealed(source: Sealed, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { size } = source
  const { sealer } = source.plan
  let seen = 0
  for await (const chunk of source.read(signal)) {
    throwIfAborted(signal)
    seen += chunk.length
    if (seen > size) throw new CofferError('CHANGED_WHILE_READ', 'The file grew while it was read.')
    if (sealer === null) yield chunk
    else yield* lent(sealer.update(chunk))
  }
  throwIfAborted(signal)
  if (seen < size) throw new CofferError('CHANGED_WHILE_READ', 'The file shrank while it was read.')
  if (sealer !== null) yield sealer.final()
}

/**
 * Frees what a cipher has allocated as soon as it has been copied. Left to the garbage collector, every piece would be
 * memory that the system has to make first, which costs more than the encryption itself.
 */
function* lent(sealed: Buffer): Generator<Buffer> {
  yield sealed
  const { buffer } = sealed
  if (buffer instanceof ArrayBuffer && buffer.byteLength === sealed.length) buffer.transfer(0)
}
