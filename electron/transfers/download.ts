import { setImmediate as turn } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { Opener } from '../modes/mode.ts'
import { fetchRange, type Stored } from './fetch-range.ts'
import { release } from '../base/release.ts'

/** Takes bytes in order; the next come when it is done with these, and it keeps none of them. */
export type Sink = (bytes: Uint8Array) => Promise<void> | void

/** `done` stored bytes gave all plaintext up to the end of this. */
export type PlaintextSink = (bytes: Uint8Array, done: number) => Promise<void> | void

export interface Download {
  stored: Stored
  /** null: what is stored is the plaintext. */
  opener: Opener | null
  /** Stored bytes that are done already; the rest is fetched. 0 unless told. */
  from?: number | undefined
  /** Where the plaintext goes. It may be trusted once `download` has returned, not before. */
  plaintext: PlaintextSink
}

export interface DownloadWatch {
  signal: AbortSignal
  /** Stored bytes that have come, of all. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Awaited after each range has come: the rate limit. */
  throttle?: ((bytes: number) => Promise<void>) | undefined
}

/** Bytes of one GET. What is not longer is fetched whole. */
export const RANGE = 8 * 1024 * 1024

/** Ranges in memory: being fetched, waiting for their turn, being deciphered, being written. */
const RANGES_AT_ONCE = 5

/**
 * One step of the decipher: small enough that the event loop breathes and that what comes out is still in the processor's
 * cache when it is written, large enough that its overhead does not show.
 */
const SLICE = 512 * 1024

interface Arrival {
  buffer: Buffer
  length: number
  /** Stored bytes up to its end. */
  done: number
  requestId: string | undefined
}

/**
 * Fetches ranges in parallel, each under If-Match, puts them back in order within the memory of the ranges in flight, and
 * feeds one opener, slice by slice; while the sink has one, the next is deciphered. Returns the request id of the first
 * answer. Throws INTEGRITY and the like from the opener, CHANGED_WHILE_READ if the object was
 * replaced meanwhile, TRUNCATED if it is short, and what `send` throws.
 */
export async function download(
  s3: S3Client,
  { stored, opener, from = 0, plaintext }: Download,
  watch: DownloadWatch,
): Promise<{ requestId: string | undefined }> {
  throwIfAborted(watch.signal)
  const own = new AbortController()
  const signal = AbortSignal.any([watch.signal, own.signal])
  const ranges = fetchInOrder(s3, stored, from, { signal, onProgress: watch.onProgress })
  let requestId: string | undefined
  let delivering = Promise.resolve()
  const deliver = async (piece: Buffer, done: number, free: () => void): Promise<void> => {
    await delivering
    throwIfAborted(signal)
    delivering = hand(plaintext, piece, done).then(free)
    delivering.catch(() => own.abort())
    // A sink that does not wait would keep the event loop from its turn.
    await turn()
  }
  try {
    for await (const arrival of ranges.arrivals()) {
      requestId ??= arrival.requestId
      const { buffer, length, done } = arrival
      await watch.throttle?.(length)
      if (opener === null) {
        await deliver(buffer.subarray(0, length), done, () => ranges.giveBack(buffer))
        continue
      }
      for (let at = 0; at < length; at += SLICE) {
        const end = Math.min(at + SLICE, length)
        const piece = opener.update(buffer.subarray(at, end))
        await deliver(piece, done - length + end, () => release(piece))
      }
      ranges.giveBack(buffer)
    }
    await delivering
    if (opener !== null) await plaintext(opener.final(), stored.size)
    return { requestId }
  } catch (error) {
    own.abort(error instanceof CofferError ? error : undefined)
    // A sink that failed is why the rest was stopped.
    await delivering
    throw error
  }
}

async function hand(plaintext: PlaintextSink, piece: Buffer, done: number): Promise<void> {
  await plaintext(piece, done)
}

interface Ranges {
  arrivals(): AsyncGenerator<Arrival, void, void>
  /** The buffer of an arrival is free for another range. */
  giveBack(buffer: Buffer): void
}

/** All of the object from `from` on, range by range, as many in flight as there are buffers free. */
function fetchInOrder(s3: S3Client, stored: Stored, from: number, watch: DownloadWatch): Ranges {
  const { signal, onProgress } = watch
  const rangeSize = Math.min(RANGE, stored.size - from)
  const free: Buffer[] = []
  const waiting: Promise<Arrival>[] = []
  let buffers = 0
  let start = from
  let asked = false
  let come = from

  const onBytes = (bytes: number): void => {
    come += bytes
    onProgress?.(come, stored.size)
  }

  async function fetch(buffer: Buffer, at: number): Promise<Arrival> {
    const length = Math.min(rangeSize, stored.size - at)
    const requestId = await fetchRange(s3, stored, at, buffer.subarray(0, length), { signal, onBytes })
    return { buffer, length, done: at + length, requestId }
  }

  function take(): Buffer | undefined {
    const buffer = free.pop()
    if (buffer !== undefined || buffers === RANGES_AT_ONCE) return buffer
    buffers += 1
    return Buffer.allocUnsafeSlow(rangeSize)
  }

  function askAhead(): void {
    while (!signal.aborted && (start < stored.size || !asked)) {
      const buffer = take()
      if (buffer === undefined) return
      const arrival = fetch(buffer, start)
      arrival.catch(() => undefined)
      waiting.push(arrival)
      start += rangeSize
      asked = true
    }
  }

  return {
    async *arrivals() {
      try {
        askAhead()
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield await next
        throwIfAborted(signal)
      } finally {
        await Promise.allSettled(waiting)
      }
    },
    giveBack(buffer) {
      free.push(buffer)
      askAhead()
    },
  }
}
