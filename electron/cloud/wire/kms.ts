import { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  type DecryptCommandInput,
  type DecryptCommandOutput,
  type GenerateDataKeyCommandInput,
  type GenerateDataKeyCommandOutput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import { zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import { describeFailure } from '../failure.ts'
import { askAgain, foreignRefusal, notS3 } from '../failures/not-s3.ts'
import { refuseOpenKms } from '../guard.ts'
import { kmsOf } from '../kms/regional.ts'
import { requireWhole } from '../kms/whole-answers.ts'
import { send, throwIfAborted } from '../send.ts'
import { clockOf } from './clock.ts'
import { deliver } from './deliver.ts'
import { exchange, type Outgoing, type Pool } from './exchange.ts'
import type { Fields } from './fields.ts'
import { addressOf, type Address } from './line.ts'
import { originOf } from './origin.ts'
import { headersOf, refusalOf as s3RefusalOf, type ServiceError } from './refusal.ts'
import { withRetries } from './retry.ts'
import { sha256Hex, signedHeaders } from './sign.ts'

/*
 * The two questions that KMS is asked for each file, without what the SDK does for every other one: of a small file, that was
 * half of what it cost. Inputs, answers, retries and failures are the SDK's.
 */

/** A data key as KMS tells it: `Plaintext` is the caller's to zero. */
type DataKey = Pick<GenerateDataKeyCommandOutput, 'Plaintext' | 'CiphertextBlob' | 'KeyId' | '$metadata'>
type Opened = Pick<DecryptCommandOutput, 'Plaintext' | 'KeyId' | '$metadata'>

/** Asks for a fresh data key, plain and wrapped. Throws what `send` throws. */
export function generateDataKey(
  kms: KMSClient,
  input: GenerateDataKeyCommandInput,
  signal: AbortSignal,
): Promise<DataKey> {
  const viaSdk = (): Promise<DataKey> => send(kms, new GenerateDataKeyCommand(input), signal)
  return ask(kms, 'GenerateDataKey', input, signal, viaSdk)
}

/** Asks for what is in a wrapped key. Throws what `send` throws. */
export function decrypt(kms: KMSClient, input: DecryptCommandInput, signal: AbortSignal): Promise<Opened> {
  const viaSdk = (): Promise<Opened> => send(kms, new DecryptCommand(input), signal)
  return ask(kms, 'Decrypt', input, signal, viaSdk)
}

/** The way to a KMS. */
interface KmsLine extends Address {
  region: string
}

interface Wired {
  pool: Pool
  line: Promise<KmsLine | null> | null
}

const wired = new WeakMap<KMSClient, Wired>()

/** Lets the hot calls of this client go over the wire directly. */
export function wireKms(kms: KMSClient, pool: Pool): void {
  wired.set(kms, { pool, line: null })
}

function lineTo(kms: KMSClient, known: Wired): Promise<KmsLine | null> {
  const line = (known.line ??= resolve(kms))
  line.catch(() => (known.line = null))
  return line
}

/** As the client itself would take it. Null for an endpoint below a path: the SDK knows how such a one is signed. */
async function resolve(kms: KMSClient): Promise<KmsLine | null> {
  const { url } = await getEndpointFromInstructions({}, GenerateDataKeyCommand, kms.config as never)
  if (url.pathname !== '/') return null
  return { ...addressOf(url), region: await kms.config.region() }
}

async function ask<T extends DataKey>(
  own: KMSClient,
  operation: string,
  input: object,
  signal: AbortSignal,
  viaSdk: () => Promise<T>,
): Promise<DataKey> {
  throwIfAborted(signal)
  const kms = await kmsOf(own, input)
  const known = wired.get(kms)
  if (known === undefined) return viaSdk()
  try {
    const line = await lineTo(kms, known)
    if (line === null) return await viaSdk()
    const body = Buffer.from(JSON.stringify(input, inBase64))
    return await withRetries(kms, signal, () => attempt(kms, known.pool, line, operation, body, signal))
  } catch (error) {
    throwIfAborted(signal)
    throw describeFailure(error, { service: 'KMS', operation, input: input as Fields })
  }
}

/** JSON has no bytes; KMS takes them in base64. (A Buffer is something else by the time that it comes here.) */
function inBase64(this: Fields, name: string, value: unknown): unknown {
  const bytes = this[name]
  if (!(bytes instanceof Uint8Array)) return value
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

async function attempt(
  kms: KMSClient,
  pool: Pool,
  { protocol, hostname, port, host, region }: KmsLine,
  operation: string,
  body: Buffer,
  signal: AbortSignal,
): Promise<DataKey> {
  refuseOpenKms({ protocol, hostname })
  const credentials = await kms.config.credentials()
  const clock = clockOf(kms)
  const signable = {
    method: 'POST',
    path: '/',
    query: [],
    headers: {
      host,
      'content-type': 'application/x-amz-json-1.1',
      'content-length': String(body.length),
      'x-amz-target': `TrentService.${operation}`,
    },
    payload: sha256Hex(body),
  }
  const headers = signedHeaders(signable, credentials, { at: clock.now(), region, service: 'kms' })
  const outgoing: Outgoing = { protocol, hostname, port, method: 'POST', path: '/', headers, body: [body] }
  const isProxied = pool.proxies?.agentFor(originOf(outgoing)) !== undefined
  const sent = isProxied ? exchange(pool, outgoing, signal) : deliver(pool.sockets, outgoing, signal)
  const answer = await wholeAnswer(await sent)
  try {
    const corrected = clock.correct(answer.headers.date)
    requireWhole(answer.headers, answer.body)
    if (answer.status !== 200) throw refusalOf(answer, corrected)
    return dataKeyOf(answer)
  } finally {
    zero(answer.body)
  }
}

interface KmsAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

async function wholeAnswer(answer: KmsAnswer | IncomingMessage): Promise<KmsAnswer> {
  if (!(answer instanceof IncomingMessage)) return answer
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body: await buffer(answer) }
}

function dataKeyOf({ headers, body }: KmsAnswer): DataKey {
  const { Plaintext, CiphertextBlob, KeyId } = parsed(body)
  return { Plaintext: bytesOf(Plaintext), CiphertextBlob: bytesOf(CiphertextBlob), KeyId, $metadata: idOf(headers) }
}

function bytesOf(text: string | undefined): Buffer<ArrayBuffer> | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}

/** What is not JSON is no answer of KMS: it is asked again, as the SDK does it. */
function parsed(body: Buffer): Partial<Record<string, string>> {
  try {
    const fields: unknown = JSON.parse(body.toString('utf8'))
    if (typeof fields === 'object' && fields !== null) {
      const texts = Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === 'string')
      return Object.fromEntries(texts)
    }
  } catch {
    // The parser's own words may repeat what it could not read.
  }
  const text = body.toString('utf8', 0, 1_000)
  // JSON that breaks off came from KMS; the network cut it.
  throw askAgain(
    /^\s*\{/.test(text) ? new CofferError('SERVER', 'The answer of KMS cannot be read.') : notS3('KMS', 200, text),
  )
}

/**
 * AWS JSON 1.1: the error's name, after its namespace, is in the body or in a header. An S3 without KMS answers in XML. Throws
 * NOT_S3 for what is neither.
 */
function refusalOf({ status, headers, body }: KmsAnswer, clockSkewCorrected: boolean): ServiceError {
  const text = body.toString('utf8')
  const foreign = foreignRefusal('KMS', { status, headers, body: text })
  if (foreign !== null) throw foreign
  if (/^\s*</.test(text)) {
    const refusal = s3RefusalOf(status, headers, text)
    if (clockSkewCorrected) refusal.$metadata.clockSkewCorrected = true
    return refusal
  }
  const fields = refused(body)
  const named = headers['x-amzn-errortype'] ?? fields['__type'] ?? fields['code'] ?? 'Unknown'
  const code = named.replace(/^.*#/, '').replace(/[:,].*$/, '')
  return Object.assign(new Error(fields['message'] ?? fields['Message'] ?? 'UnknownError'), {
    name: code,
    Code: code,
    $metadata: { httpStatusCode: status, ...idOf(headers), ...(clockSkewCorrected ? { clockSkewCorrected } : {}) },
    $response: { statusCode: status, headers },
  })
}

function refused(body: Buffer): Partial<Record<string, string>> {
  try {
    return parsed(body)
  } catch {
    return {}
  }
}

function idOf(headers: Record<string, string>): { requestId?: string } {
  const requestId = headers['x-amzn-requestid'] ?? headers['x-amz-request-id']
  return requestId === undefined ? {} : { requestId }
}
