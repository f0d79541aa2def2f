import type { Head } from './head.ts'

/** Takes the bytes of one request's body as they come. */
export interface Body {
  /** Takes what belongs to the body from `at` on; returns where the rest begins. */
  take(chunk: Buffer, at: number): number
  isWhole(): boolean
  /** What was kept, without any framing; empty if it was thrown away. */
  bytes(): Buffer
  /** Bytes of content, without framing. */
  size(): number
}

/** A body is counted, and copied only where it is kept. */
export function bodyOf({ headers }: Head, keep: boolean): Body {
  const chunked = headers.get('transfer-encoding') === 'chunked'
  const decoded = headers.get('x-amz-decoded-content-length')
  const length = Number(headers.get('content-length') ?? 0)
  if (chunked) return chunkedBody(keep)
  const body = plainBody(length, keep)
  if (decoded === undefined) return body
  return { ...body, size: () => Number(decoded), bytes: () => (keep ? unframed(body.bytes()) : body.bytes()) }
}

function plainBody(length: number, keep: boolean): Body {
  const kept = Buffer.allocUnsafeSlow(keep ? length : 0)
  let missing = length
  return {
    take(chunk, at) {
      const taken = Math.min(missing, chunk.length - at)
      if (keep) chunk.copy(kept, length - missing, at, at + taken)
      missing -= taken
      return at + taken
    },
    isWhole: () => missing === 0,
    bytes: () => kept,
    size: () => length,
  }
}

/** RFC 9112, 7.1: what is left of the current chunk, and the lines between the chunks. */
function chunkedBody(keep: boolean): Body {
  const kept: Buffer[] = []
  let size = 0
  let line = ''
  let missing = 0
  let part: 'size' | 'data' | 'end' | 'trailer' | 'whole' = 'size'

  function endLine(): void {
    const text = line
    line = ''
    if (part === 'end') part = 'size'
    else if (part === 'trailer') part = text === '' ? 'whole' : 'trailer'
    else {
      missing = parseInt(text, 16)
      part = missing === 0 ? 'trailer' : 'data'
    }
  }

  function takeData(chunk: Buffer, at: number): number {
    const taken = Math.min(missing, chunk.length - at)
    if (keep) kept.push(Buffer.from(chunk.subarray(at, at + taken)))
    size += taken
    missing -= taken
    if (missing === 0) part = 'end'
    return at + taken
  }

  return {
    take(chunk, start) {
      let at = start
      while (at < chunk.length && part !== 'whole') {
        if (part === 'data') {
          at = takeData(chunk, at)
          continue
        }
        const end = chunk.indexOf('\n', at)
        line += chunk.toString('latin1', at, end === -1 ? chunk.length : end)
        at = end === -1 ? chunk.length : end + 1
        if (end === -1) continue
        line = line.replace(/\r$/, '')
        endLine()
      }
      return at
    },
    isWhole: () => part === 'whole',
    bytes: () => Buffer.concat(kept),
    size: () => size,
  }
}

/** Takes a body out of its aws-chunked frame: `SIZE;chunk-signature=...\r\nDATA\r\n`, ended by a chunk of size 0 and trailers. */
function unframed(framed: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const end = framed.indexOf('\r\n', at)
    const size = parseInt(framed.toString('latin1', at, end), 16)
    if (!(size > 0)) return Buffer.concat(chunks)
    chunks.push(framed.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
