import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type GetObjectCommandInput,
  type HeadObjectCommandInput,
  type PutObjectCommandInput,
  type S3Client,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3'
import { CofferError } from '../../base/errors.ts'
import { describeFailure } from '../failure.ts'
import { refuseOpenWire } from '../guard.ts'
import { send, throwIfAborted } from '../send.ts'
import { clockOf } from './clock.ts'
import { exchange, type Outgoing } from './exchange.ts'
import { answerFields, serialised, type AnswerFields, type Fields } from './fields.ts'
import { lineTo, pathOf, type Line } from './line.ts'
import { headersOf, readRefusal } from './refusal.ts'
import { withRetries } from './retry.ts'
import { queryText, sha256Hex, signedHeaders } from './sign.ts'

/*
 * The calls that carry contents, without what the SDK does for every other one: for a small file it costs more than
 * sealing and sending it. Inputs, answers, retries and failures are the SDK's; a place that the wire cannot serve is
 * served by the SDK.
 */

/** What is sent, in pieces that are neither copied nor changed, and its SHA-256 in hex if it is known already. */
export interface Body {
  pieces: readonly Uint8Array[]
  length: number
  sha256?: string | undefined
}

type PutInput = Omit<PutObjectCommandInput, 'Body' | 'ContentLength'>
type PartInput = Omit<UploadPartCommandInput, 'Body' | 'ContentLength'>

/** Stores an object in one request. Throws what `send` throws. */
export function putObject(s3: S3Client, input: PutInput, body: Body, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new PutObjectCommand({ ...input, ...inOne(body) }), signal)
  return call(s3, { operation: 'PutObject', method: 'PUT', input, body }, signal, viaSdk, finished)
}

/** Sends one part of an upload. Throws what `send` throws. */
export function uploadPart(s3: S3Client, input: PartInput, body: Body, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new UploadPartCommand({ ...input, ...inOne(body) }), signal)
  return call(s3, { operation: 'UploadPart', method: 'PUT', input, body }, signal, viaSdk, finished)
}

export type Got = AnswerFields & { Body: Readable }

/**
 * Asks for an object, or a range of it, and answers once its head is there. The caller reads `Body` to its end or destroys
 * it; it breaks off with an error if the signal aborts. Checksums in the answer are the caller's to compare. Throws what
 * `send` throws; what breaks while the body comes is not tried again.
 */
export function getObject(s3: S3Client, input: GetObjectCommandInput, signal: AbortSignal): Promise<Got> {
  const viaSdk = async (): Promise<Got> => {
    const answer = await send(s3, new GetObjectCommand(input), signal)
    if (answer.Body instanceof Readable) return { ...answer, Body: answer.Body }
    throw new CofferError('SERVER', 'The server answered without a body.')
  }
  const asked = { operation: 'GetObject', method: 'GET', input, body: NOTHING }
  return call(s3, asked, signal, viaSdk, (answer) => ({ ...answerFields(headersOf(answer)), Body: answer }))
}

function inOne({ pieces, length }: Body): { Body: Uint8Array; ContentLength: number } {
  const [only, ...more] = pieces
  return { Body: only !== undefined && more.length === 0 ? only : Buffer.concat(pieces), ContentLength: length }
}

/** Asks about an object without its contents. Throws what `send` throws. */
export function headObject(s3: S3Client, input: HeadObjectCommandInput, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new HeadObjectCommand(input), signal)
  return call(s3, { operation: 'HeadObject', method: 'HEAD', input, body: NOTHING }, signal, viaSdk, finished)
}

const NOTHING: Body = { pieces: [], length: 0, sha256: sha256Hex('') }

interface Asked {
  operation: string
  method: string
  input: object & { Bucket?: string | undefined; Key?: string | undefined }
  body: Body
}

async function call<T>(
  s3: S3Client,
  asked: Asked,
  signal: AbortSignal,
  viaSdk: () => Promise<T>,
  take: (answer: IncomingMessage) => T | Promise<T>,
): Promise<T> {
  throwIfAborted(signal)
  const { operation } = asked
  const input = asked.input as Fields
  try {
    const line = await lineTo(s3, asked.input.Bucket ?? '')
    if (line === null) return await viaSdk()
    const ready = prepared(line, asked)
    return await withRetries(s3, signal, () => attempt(s3, line, ready, signal, take))
  } catch (error) {
    throwIfAborted(signal)
    throw describeFailure(error, { operation, input })
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

function prepared(line: Line, { operation, method, input, body }: Asked): Ready {
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
      ...(operation === 'PutObject' && body.length >= ANNOUNCED ? { expect: '100-continue' } : {}),
    },
    body,
    payload: body.sha256 ?? sha256Hex(...body.pieces),
  }
}

async function attempt<T>(
  s3: S3Client,
  line: Line,
  { method, path, query, headers, body, payload }: Ready,
  signal: AbortSignal,
  take: (answer: IncomingMessage) => T | Promise<T>,
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
  const answer = await exchange(line.pool, outgoing, signal)
  const corrected = clock.correct(answer.headers.date)
  const { statusCode = 0 } = answer
  if (statusCode >= 200 && statusCode < 300) return take(answer)
  const refusal = await readRefusal(answer)
  if (corrected) refusal.$metadata.clockSkewCorrected = true
  throw refusal
}

/** Such an answer has no body to speak of; it is read all the same, or its connection would not be free. */
function finished(answer: IncomingMessage): Promise<AnswerFields> {
  return new Promise((resolve, reject) => {
    answer
      .once('end', () => resolve(answerFields(headersOf(answer))))
      .once('error', reject)
      .resume()
  })
}
