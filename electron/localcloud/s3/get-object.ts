import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { zero } from '../../base/bytes.ts'
import { S3Error, type VerifiedRequest } from '../request.ts'
import { DamagedError } from '../sse/segments.ts'
import { checkPieces, readPieces, type Piece } from '../storage/pieces.ts'
import type { ObjectVersion } from '../storage/versions.ts'
import { sendEmpty } from './answers.ts'
import { isNotModified, parseRange, type ByteRange } from './conditions.ts'
import { bucketOf, header, type Context, type Operation } from './context.ts'
import { openDataKeys, refuseEncryptionHeader } from './encryption-headers.ts'
import { invalidArgument, invalidRequest } from './failures.ts'
import { checksumHeaders, objectHeaders } from './object-headers.ts'
import { readableObject } from './versions.ts'

/** GetObject. */
export const getObject: Operation = (context, request, response) => read(context, request, response, true)

/** HeadObject. */
export const headObject: Operation = (context, request, response) => read(context, request, response, false)

async function read(
  context: Context,
  request: VerifiedRequest,
  response: ServerResponse,
  withBody: boolean,
): Promise<void> {
  const bucket = bucketOf(context, request)
  refuseEncryptionHeader(request)
  const version = readableObject(context, request, response, bucket)
  // HEAD shows what is no secret to KMS, but a customer's key has to be the right one.
  const keys = withBody ? openDataKeys(context, request, version) : []
  if (!withBody && version.envelope.mode === 'SSE-C') checkCustomerKey(context, request, version)
  try {
    const headers = objectHeaders(request, bucket, version)
    if (isNotModified(request, version)) {
      sendEmpty(response, 304, notModifiedHeaders(headers))
      return
    }
    const pieces = context.pieces.list(version.object)
    if (withBody) checkPieces(pieces, version.size)
    const selection = select(request, version, pieces)
    const answer = { ...headers, ...selection.headers, ...(selection.partial ? {} : checksumHeaders(request, version)) }
    const status = selection.partial ? 206 : 200
    if (withBody) await stream(context, response, version, pieces, keys, selection, status, answer)
    else response.writeHead(status, answer).end()
  } finally {
    zero(...keys)
  }
}

/** An answer without a body cannot name damage; the GET after it does. */
function checkCustomerKey(context: Context, request: VerifiedRequest, version: ObjectVersion): void {
  try {
    zero(...openDataKeys(context, request, version))
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
  }
}

interface Selection extends ByteRange {
  partial: boolean
  headers: Record<string, string>
}

/** Which bytes a request wants: by range, by part, or all. */
function select(request: VerifiedRequest, version: ObjectVersion, pieces: Piece[]): Selection {
  const [range, part] = [header(request, 'range'), request.query.get('partNumber')]
  if (part !== null) {
    if (range !== undefined) throw invalidRequest('Cannot specify both Range header and partNumber query parameter')
    return selectPart(part, version, pieces)
  }
  const parsed = parseRange(range, version.size)
  if (parsed === 'unsatisfiable') {
    throw new S3Error('InvalidRange', 416, 'The requested range is not satisfiable', {
      RangeRequested: range ?? '',
      ActualObjectSize: String(version.size),
    })
  }
  return selection(parsed ?? { start: 0, end: version.size }, version.size, parsed !== undefined)
}

function selectPart(part: string, version: ObjectVersion, pieces: Piece[]): Selection {
  if (!/^[1-9]\d{0,4}$/.test(part)) {
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', part)
  }
  // Parts are counted as the object has them: 1, 2, 3, whatever numbers the upload gave them.
  const index = Number(part) - 1
  const piece = pieces[index]
  if (!piece) throw new S3Error('InvalidPartNumber', 416, 'The requested partnumber is not satisfiable')
  const start = pieces.slice(0, index).reduce((sum, { size }) => sum + size, 0)
  const chosen = selection({ start, end: start + piece.size }, version.size, version.size > 0)
  if (version.parts > 0) chosen.headers['x-amz-mp-parts-count'] = String(version.parts)
  return chosen
}

function selection({ start, end }: ByteRange, size: number, partial: boolean): Selection {
  const headers: Record<string, string> = { 'content-length': String(end - start) }
  if (partial) headers['content-range'] = `bytes ${String(start)}-${String(end - 1)}/${String(size)}`
  return { start, end, partial, headers }
}

/**
 * Sends the bytes. The first of them are opened before the headers go out, so damage there is an error with a name;
 * later damage destroys the connection, and never lets a wrong byte through.
 */
async function stream(
  context: Context,
  response: ServerResponse,
  version: ObjectVersion,
  pieces: Piece[],
  keys: Buffer[],
  { start, end }: ByteRange,
  status: number,
  headers: Record<string, string>,
): Promise<void> {
  const release = context.removals.lease(version.object)
  const bytes = readPieces(context.blobs, version.object, pieces, keys, start, end)
  try {
    const first = await bytes.next()
    response.writeHead(status, headers)
    await pipeline(async function* () {
      if (first.done !== true) yield first.value
      yield* bytes
    }, response)
  } catch (error) {
    if (!response.headersSent) throw error
    response.destroy()
  } finally {
    await bytes.return(undefined)
    release()
  }
}

const NOT_MODIFIED = ['etag', 'last-modified', 'cache-control', 'expires', 'x-amz-version-id']

function notModifiedHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => NOT_MODIFIED.includes(name)))
}
