import { IncomingMessage } from 'node:http'
import type { S3Client } from '@aws-sdk/client-s3'
import { throwIfAborted } from '../../base/abort.ts'
import { requireBucketAddress } from '../bucket-address.ts'
import { explained } from '../explain-head.ts'
import { describeFailure } from '../failure.ts'
import { refuseOpenWire } from '../guard.ts'
import { headersOfAll } from '../middleware/standing-headers.ts'
import { clockOf } from './clock.ts'
import { exchange, type Outgoing, type Pool } from './exchange.ts'
import { serialised, type Fields } from './fields.ts'
import { lineTo, pathOf, type Line } from './line.ts'
import type { Received } from './receive.ts'
import { readRefusal, refusalOf, type ServiceError } from './refusal.ts'
import { withRetries } from './retry.ts'
import { originOf } from './origin.ts'
import { queryText, sha256Hex, signedHeaders } from './sign.ts'

/** What is sent, in pieces that are neither copied nor changed, and its SHA-256 in hex if it is known already. */
export interface Body {
  pieces: readonly Uint8Array[]
  length: number
  sha256?: string | undefined
}

export const NOTHING: Body = { pieces: [], length: 0, sha256: sha256Hex('') }

export interface Asked {
  operation: string
  method: string
  input: object & { Bucket?: string | undefined; Key?: string | undefined }
  body: Body
}

/** What is made of a success; reading its body to the end, or destroying it, is up to it. */
export type Take<T> = (answer: IncomingMessage) => T | Promise<T>

/** The shorter way. */
export interface Direct<T> {
  /** Null: it has to be asked in the usual way. */
  ask(pool: Pool, outgoing: Outgoing): Promise<Received | IncomingMessage | null>
  take(answer: Received): T
}

/**
 * One call, however often it takes; where the place cannot be served here, `viaSdk`. Throws what `send` throws.
 */
export async function call<T>(
  s3: S3Client,
  asked: Asked,
  signal: AbortSignal,
  viaSdk: () => Promise<T>,
  take: Take<T>,
  direct?: Direct<T>,
): Promise<T> {
  throwIfAborted(signal)
  const { operation } = asked
  const input = asked.input as Fields
  await requireBucketAddress(s3, asked.input.Bucket)
  try {
    const line = await lineTo(s3, asked.input.Bucket ?? '')
    if (line === null) return await viaSdk()
    const ready = prepared(line, asked, headersOfAll(s3))
    return await withRetries(s3, signal, () => attempt(s3, line, ready, signal, take, direct))
  } catch (error) {
    throwIfAborted(signal)
    const asked = { service: 'S3', operation, input } as const
    throw await explained(s3, asked, describeFailure(error, asked), signal)
  }
}

interface Ready {
  method: string
  path: string
  query: [string, string][]
  headers: Record<string, string>
  body: Body
  payload: string
}

/** A body this large is announced and asked for before it is sent; parts go into an upload that was allowed already. */
const ANNOUNCED = 2 * 1024 * 1024

function prepared(line: Line, { operation, method, input, body }: Asked, more: Record<string, string>): Ready {
  const { headers, query } = serialised(input)
  const carries = method === 'PUT'
  return {
    method,
    path: pathOf(line, input.Key ?? ''),
    query,
    headers: {
      host: line.host,
      ...(carries ? { 'content-type': 'application/octet-stream', 'content-length': String(body.length) } : {}),
      ...headers,
      ...more,
      ...(operation === 'PutObject' && body.length >= ANNOUNCED ? { expect: '100-continue' } : {}),
    },
    body,
    payload: body.sha256 ?? sha256Hex(...body.pieces),
  }
}

/** Servers, and proxies before them, that do not answer whether they will have a body. */
const refuseExpect = new WeakSet<Pool>()

/** A refused question is repeated without it, at once (RFC 9110, section 15.5.18), and not put to that server again. */
async function attempt<T>(
  s3: S3Client,
  line: Line,
  ready: Ready,
  signal: AbortSignal,
  take: Take<T>,
  direct: Direct<T> | undefined,
): Promise<T> {
  if (ready.headers.expect === undefined) return once(s3, line, ready, signal, take, direct)
  const headers = { ...ready.headers }
  delete headers.expect
  if (refuseExpect.has(line.pool)) return once(s3, line, { ...ready, headers }, signal, take, direct)
  try {
    return await once(s3, line, ready, signal, take, direct)
  } catch (error) {
    if ((error as Partial<ServiceError>).$metadata?.httpStatusCode !== 417) throw error
    refuseExpect.add(line.pool)
    return once(s3, line, { ...ready, headers }, signal, take, direct)
  }
}

async function once<T>(
  s3: S3Client,
  line: Line,
  { method, path, query, headers, body, payload }: Ready,
  signal: AbortSignal,
  take: Take<T>,
  direct: Direct<T> | undefined,
): Promise<T> {
  const { protocol, hostname, port, region, service } = line
  refuseOpenWire({ protocol, hostname, headers })
  const credentials = await s3.config.credentials()
  const clock = clockOf(s3)
  const signable = { method, path, query, headers, payload }
  const outgoing: Outgoing = {
    protocol,
    hostname,
    port,
    method,
    path: query.length === 0 ? path : `${path}?${queryText(query)}`,
    headers: signedHeaders(signable, credentials, { at: clock.now(), region, service }),
    body: body.pieces,
  }
  const isProxied = line.pool.proxies?.agentFor(originOf(outgoing)) !== undefined
  const received = isProxied ? null : ((await direct?.ask(line.pool, outgoing)) ?? null)
  if (direct !== undefined && received !== null && !(received instanceof IncomingMessage)) {
    const corrected = clock.correct(received.headers.date)
    if (isSuccess(received.status)) return direct.take(received)
    await received.done
    throw marked(refusalOf(received.status, received.headers, received.refusal.toString('utf8')), corrected)
  }
  const answer = received instanceof IncomingMessage ? received : await exchange(line.pool, outgoing, signal)
  const corrected = clock.correct(answer.headers.date)
  if (isSuccess(answer.statusCode ?? 0)) return take(answer)
  throw marked(await readRefusal(answer), corrected)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function marked(refusal: ServiceError, corrected: boolean): ServiceError {
  if (corrected) refusal.$metadata.clockSkewCorrected = true
  return refusal
}
