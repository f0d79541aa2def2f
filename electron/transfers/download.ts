import { setImmediate as turn } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { Opener } from '../modes/mode.ts'
import { fetchRange, type Stored } from './fetch-range.ts'
import { bufferPool, partsInFlight } from './parts.ts'

/** Takes bytes in order; the next come when it is done with these, and it keeps none of them. */
export type Sink = (bytes: Uint8Array) => Promise<void> | void

export interface Download {
  stored: Stored
  /** null: what is stored is the plaintext. */
  opener: Opener | null
  /** Where the plaintext goes. It may be trusted once `download` has returned, not before. */
  plaintext: Sink
}

export interface DownloadWatch {
  signal: AbortSignal
  /** Stored bytes done, of all. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Awaited after each range has come: the rate limit. */
  throttle?: ((bytes: number) => Promise<void>) | undefined
}

/** Bytes of one GET. What is not longer is fetched whole. */
export const RANGE = 8 * 1024 * 1024

/** One step of the decipher: small enough that the event loop breathes, large enough that its overhead does not show. */
const SLICE = 256 * 1024

interface Arrival {
  buffer: Buffer
  bytes: Buffer
  requestId: string | undefined
}

/**
 * Fetches ranges in parallel, each under If-Match, puts them back in order within the memory of the ranges in flight, and
 * feeds one opener. Returns the request id of the first answer. Throws INTEGRITY and the like from the opener,
 * CHANGED_WHILE_READ if the object was replaced meanwhile, TRUNCATED if it is short, and what `send` throws.
 */
export async function download(
  s3: S3Client,
  { stored, opener, plaintext }: Download,
  watch: DownloadWatch,
): Promise<{ requestId: string | undefined }> {
  throwIfAborted(watch.signal)
  const own = new AbortController()
  const signal = AbortSignal.any([watch.signal, own.signal])
  const arrivals = fetchInOrder(s3, stored, signal)
  let requestId: string | undefined
  let done = 0
  try {
    for await (const arrival of arrivals) {
      requestId ??= arrival.requestId
      await watch.throttle?.(arrival.bytes.length)
      for (const slice of opener === null ? [arrival.bytes] : slices(arrival.bytes)) {
        throwIfAborted(signal)
        await plaintext(opener === null ? slice : opener.update(slice))
        done += slice.length
        watch.onProgress?.(done, stored.size)
        // A sink that does not wait would keep the event loop, and the collector of all these buffers, from their turn.
        await turn()
      }
    }
    if (opener !== null) await plaintext(opener.final())
    return { requestId }
  } catch (error) {
    own.abort(error instanceof CofferError ? error : undefined)
    throw error
  }
}

/** The whole object, range by range. A buffer goes back to the pool when the consumer asks for the next. */
async function* fetchInOrder(s3: S3Client, stored: Stored, signal: AbortSignal): AsyncGenerator<Arrival> {
  const rangeSize = Math.min(RANGE, stored.size)
  const pool = bufferPool(rangeSize)
  const waiting: Promise<Arrival>[] = []
  let start = 0
  let asked = false

  async function fetch(from: number): Promise<Arrival> {
    const buffer = pool.take()
    const bytes = buffer.subarray(0, Math.min(rangeSize, stored.size - from))
    const requestId = await fetchRange(s3, stored, from, bytes, signal)
    return { buffer, bytes, requestId }
  }

  function askAhead(): void {
    while (waiting.length < partsInFlight(RANGE) && (start < stored.size || !asked)) {
      const arrival = fetch(start)
      arrival.catch(() => undefined)
      waiting.push(arrival)
      start += rangeSize
      asked = true
    }
  }

  try {
    askAhead()
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const arrival = await next
      yield arrival
      pool.give(arrival.buffer)
      askAhead()
    }
  } finally {
    await Promise.allSettled(waiting)
  }
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE)
}
