import { randomBytes, randomUUID, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { crc32 } from 'node:zlib'
import { zero } from '../base/bytes.ts'
import { PROOF_PATH } from '../base/server-proof.ts'
import { checkAdmission } from './admission.ts'
import { signableHeaders } from './auth/canonical.ts'
import type { Claim } from './auth/claim.ts'
import { bucketAndKey, parseTarget, type Target } from './auth/target.ts'
import type { Verify } from './auth/verify.ts'
import { checkPayloadHash, openPayload } from './body/payload.ts'
import { answerEarly } from './drain.ts'
import { jsonError, readJsonBody } from './json-api.ts'
import { answerProof } from './proof.ts'
import { S3Error, type Principal, type VerifiedRequest } from './request.ts'
import type { S3 } from './s3/service.ts'
import { errorXml } from './s3/xml.ts'
import { watchUploads } from './stalled.ts'

export interface ServerParts {
  verify: Verify
  s3: S3
  json: (principal: Principal, target: string, body: Buffer) => Buffer
  /** What proves to the owner's client that this is the owner's server. */
  proofOf: (challenge: string, port: number) => Buffer
  /** Told when a request begins and when it is over. */
  onActivity: (change: 1 | -1) => void
}

const MAX_HEADER_BYTES = 32 * 1024
const MAX_SOCKETS = 1024
/** A client that asks for an object and then takes nothing of it holds its keys and files no longer than this. */
const SILENCE_MILLISECONDS = 600_000

/** One port for S3 and KMS. The caller listens, on loopback, and closes. */
export function createLocalServer(parts: ServerParts): Server {
  const uploads = watchUploads()
  const underWay = new WeakMap<Duplex, Set<ServerResponse>>()
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 20_000,
    // A missing Host is refused in S3's words, like a wrong one.
    requireHostHeader: false,
    // A long upload is no fault; one that stalls is ended by watchUploads.
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    connectionsCheckingInterval: 5_000,
  })
  server.maxConnections = MAX_SOCKETS
  server.timeout = SILENCE_MILLISECONDS
  // Bytes bound them; beyond a count, Node would leave headers out without a word.
  server.maxHeadersCount = 0
  const serve = (request: IncomingMessage, response: ServerResponse, allowBody: Continue): void => {
    const answers = underWay.get(request.socket) ?? new Set()
    underWay.set(request.socket, answers.add(response))
    parts.onActivity(1)
    response.once('close', () => {
      parts.onActivity(-1)
      answers.delete(response)
    })
    uploads.watch(request)
    const answered = isJson(request)
      ? answerJson(parts, request, response, allowBody)
      : answerS3(parts, request, response, allowBody)
    answered.catch(() => response.destroy())
  }
  server.on('request', (request, response) => serve(request, response, () => undefined))
  server.on('checkContinue', (request, response) => serve(request, response, continueOnce(response)))
  server.on('checkExpectation', (request, response) => serve(request, response, () => undefined))
  server.on('clientError', (error, socket) => {
    // Words put between the bytes of an answer that has begun would become part of an object.
    const hasBegun = [...(underWay.get(socket) ?? [])].some(({ headersSent }) => headersSent)
    if (hasBegun) socket.end(() => socket.destroy())
    else answerGarbage(error, socket)
  })
  server.on('close', () => uploads.stop())
  return server
}

/** Tells a client that waits before it sends its body (Expect: 100-continue) to go on. */
type Continue = () => void

/** An answer given without asking for the body ends the connection: what follows on it could be either. */
function continueOnce(response: ServerResponse): Continue {
  response.setHeader('Connection', 'close')
  return () => {
    response.removeHeader('Connection')
    response.writeContinue()
  }
}

function isJson(request: IncomingMessage): boolean {
  return request.method === 'POST' && request.url === '/' && request.headers['x-amz-target'] !== undefined
}

async function answerS3(
  { verify, s3, proofOf }: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  allowBody: Continue,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('x-amz-id-2', randomBytes(48).toString('base64'))
  response.setHeader('Server', 'CofferS3')
  // An object that a browser opens by a presigned URL must not run as a page of this address, whose cookies others share.
  response.setHeader('Content-Security-Policy', 'sandbox')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  try {
    checkAdmission(request)
    if (request.url === PROOF_PATH) answerProof(request, response, proofOf)
    else await s3.handle(verifiedRequest(verify, requestId, request, allowBody), response)
  } catch (error) {
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, body } = errorXml(error, requestId, request.url?.split('?', 1)[0] ?? '/')
    for (const name of response.getHeaderNames()) {
      if (!KEPT_ON_ERROR.has(name)) response.removeHeader(name)
    }
    const bodiless = request.method === 'HEAD' || status === 304
    const headers: Record<string, string> = bodiless ? {} : { 'Content-Type': 'application/xml' }
    answerEarly(request, response, { status, headers, body: Buffer.from(bodiless ? '' : body) })
  }
}

const KEPT_ON_ERROR = new Set([
  'connection',
  'x-amz-request-id',
  'x-amz-id-2',
  'server',
  'content-security-policy',
  'x-content-type-options',
  'x-amz-delete-marker',
  'x-amz-version-id',
])

async function answerJson(
  { verify, json }: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  allowBody: Continue,
): Promise<void> {
  response.setHeader('x-amzn-RequestId', randomUUID())
  response.setHeader('Content-Type', 'application/x-amz-json-1.1')
  try {
    checkAdmission(request)
    const incoming = { method: 'POST', target: parseTarget('/'), headers: signableHeaders(request.rawHeaders) }
    const prove = verify(incoming, 'kms')
    allowBody()
    const body = await readJsonBody(request)
    const { principal } = prove(() => createHash('sha256').update(body).digest('hex'))
    const output = json(principal, String(request.headers['x-amz-target']), body)
    response.once('close', () => zero(output))
    // As DynamoDB does: a data key that is changed on the way must not be taken for one.
    response.writeHead(200, { 'Content-Length': output.length, 'x-amz-crc32': crc32(output) }).end(output)
  } catch (error) {
    const { status, type, body } = jsonError(error)
    answerEarly(request, response, { status, headers: { 'x-amzn-ErrorType': type }, body })
  }
}

/** Verifies the signature and opens the body; nothing of the body is asked for before. */
function verifiedRequest(
  verify: Verify,
  requestId: string,
  request: IncomingMessage,
  allowBody: Continue,
): VerifiedRequest {
  const method = request.method ?? ''
  const target = parseTarget(request.url ?? '')
  const headers = signableHeaders(request.rawHeaders)
  const proof = verify({ method, target, headers }, 's3')((claim) => payloadHashOf(claim, target, headers))
  const payload = openPayload({
    headers: request.headers,
    proof,
    source: incomingBytes(request, allowBody),
    checksumOfBody: !(method === 'POST' && target.query.has('uploadId')),
  })
  return {
    principal: proof.principal,
    requestId,
    method,
    ...bucketAndKey(target.path),
    query: target.query,
    headers: withoutFraming(request.headers),
    ...payload,
  }
}

function payloadHashOf(claim: Claim, target: Target, headers: ReadonlyMap<string, string>): string {
  const header = headers.get('x-amz-content-sha256')
  if (header !== undefined) return checkPayloadHash(header)
  if (claim.place === 'query') return checkPayloadHash(target.query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD')
  throw new S3Error('MissingSecurityHeader', 400, 'Your request is missing a required header: x-amz-content-sha256')
}

/** The body as it comes; a client that goes away in the middle is an incomplete body. */
async function* incomingBytes(request: IncomingMessage, allowBody: Continue): AsyncGenerator<Buffer> {
  allowBody()
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch {
    throw new S3Error('IncompleteBody', 400, 'The request body terminated unexpectedly')
  }
}

/** `aws-chunked` was the framing of the request, not an encoding of the object. */
function withoutFraming(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const encodings = headers['content-encoding']?.split(',').map((encoding) => encoding.trim())
  if (!encodings?.includes('aws-chunked')) return headers
  const left = encodings.filter((encoding) => encoding !== 'aws-chunked').join(',')
  return { ...headers, 'content-encoding': left === '' ? undefined : left }
}

/** What is not HTTP, or has too large a header, gets S3's answer and a closed socket. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const failure =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new S3Error(
          'RequestHeaderSectionTooLarge',
          400,
          'Your request header section exceeds the maximum allowed size.',
        )
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new S3Error(
            'RequestTimeout',
            400,
            'Your socket connection to the server was not read from or written to within the timeout period.',
          )
        : new S3Error('BadRequest', 400, 'An error occurred when parsing the HTTP request.')
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const { body } = errorXml(failure, requestId, '/')
  const head = [
    'HTTP/1.1 400 Bad Request',
    `Date: ${new Date().toUTCString()}`,
    `x-amz-request-id: ${requestId}`,
    'Content-Type: application/xml',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
