import { createHash, type Hash } from 'node:crypto'
import { S3Error } from '../request.ts'
import type { ChunkChain } from './chunk-chain.ts'

/** Longest line of framing or trailer, and most trailers: framing is read before anything vouches for it. */
const MAX_LINE = 4096
const MAX_TRAILERS = 16
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

export interface AwsChunkedOptions {
  /** Undefined for STREAMING-UNSIGNED-PAYLOAD-TRAILER. */
  chain: ChunkChain | undefined
  /** Lower-case names of the trailers that were announced (x-amz-trailer) and may follow the last chunk. */
  announced: ReadonlySet<string>
  /** Whether trailers are signed (where chunks are). */
  trailer: boolean
  /** Called once with the trailers, lower-case names, signature verified. */
  onTrailers: (trailers: Map<string, string>) => void
}

/**
 * Takes aws-chunked framing off: `hex-size[;chunk-signature=...]CRLF data CRLF ... 0 CRLF [trailers] CRLF`.
 *
 * Data is handed on as views of what came in, before its chunk's signature is known; a wrong one throws
 * SignatureDoesNotMatch once the chunk has ended. Throws IncompleteBody where the framing breaks off or is malformed.
 */
export async function* awsChunked(source: AsyncIterable<Buffer>, options: AwsChunkedOptions): AsyncGenerator<Buffer> {
  const frame = frameReader(options)
  for await (const piece of source) {
    let rest = piece
    while (rest.length > 0) {
      if (frame.dataLeft() > 0) {
        const data = rest.subarray(0, frame.dataLeft())
        frame.take(data)
        yield data
        rest = rest.subarray(data.length)
      } else {
        const end = rest.indexOf(0x0a)
        frame.line(end === -1 ? rest : rest.subarray(0, end), end !== -1)
        rest = end === -1 ? rest.subarray(rest.length) : rest.subarray(end + 1)
      }
    }
  }
  frame.end()
}

type State = 'size' | 'data' | 'after-data' | 'trailers' | 'done'

/** The state between pieces: how much of a chunk is still to come, or which line of framing is being read. */
function frameReader(options: AwsChunkedOptions) {
  let state: State = 'size'
  let left = 0
  let pending = ''
  let signature: string | undefined
  let hash: Hash | undefined
  let trailers: [string, string][] = []

  const finishChunk = (): void => {
    if (options.chain && hash) options.chain.chunk(signature, hash.digest('hex'))
  }
  const startChunk = (line: string): void => {
    const [, size, given] = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? []
    if (size === undefined) throw malformed()
    left = parseInt(size, 16)
    signature = given
    hash = options.chain && createHash('sha256')
    state = left > 0 ? 'data' : 'trailers'
    if (left === 0) finishChunk()
  }
  const finishTrailers = (): void => {
    const signed = trailers.filter(([name]) => name !== TRAILER_SIGNATURE)
    if (new Set(trailers.map(([name]) => name)).size < trailers.length) throw malformedTrailer()
    if (!options.trailer && trailers.length > 0) throw malformedTrailer()
    if (options.chain && options.trailer) {
      const given = trailers.find(([name]) => name === TRAILER_SIGNATURE)?.[1]
      options.chain.trailer(given, signed.map(([name, value]) => `${name}:${value}\n`).join(''))
    }
    if (signed.some(([name]) => !options.announced.has(name))) throw malformedTrailer()
    options.onTrailers(new Map(signed))
    trailers = []
    state = 'done'
  }
  const trailerLine = (line: string): void => {
    if (line === '') {
      finishTrailers()
      return
    }
    const colon = line.indexOf(':')
    if (colon < 1 || trailers.length >= MAX_TRAILERS) throw malformedTrailer()
    trailers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()])
  }
  const fullLine = (line: string): void => {
    if (state === 'size') startChunk(line)
    else if (state === 'trailers') trailerLine(line)
    else if (state === 'after-data' && line === '') state = 'size'
    else throw malformed()
  }

  return {
    dataLeft: (): number => left,
    take(data: Buffer): void {
      hash?.update(data)
      left -= data.length
      if (left > 0) return
      state = 'after-data'
      finishChunk()
    },
    line(bytes: Buffer, ended: boolean): void {
      if (pending.length + bytes.length > MAX_LINE) throw malformed()
      pending += bytes.toString('latin1')
      if (!ended) return
      if (!pending.endsWith('\r')) throw malformed()
      const line = pending.slice(0, -1)
      pending = ''
      fullLine(line)
    },
    end(): void {
      // Some clients leave the empty line after the last trailer out; what was signed or claimed is checked all the same.
      if (state === 'trailers' && pending === '') finishTrailers()
      if (state !== 'done' || pending !== '') throw malformed()
    },
  }
}

function malformed(): S3Error {
  return new S3Error('IncompleteBody', 400, 'The request body terminated unexpectedly')
}

function malformedTrailer(): S3Error {
  return new S3Error(
    'MalformedTrailerError',
    400,
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}
