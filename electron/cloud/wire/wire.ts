import { IncomingMessage } from 'node:http'
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
import { release } from '../../base/release.ts'
import { dropBody } from '../body.ts'
import { isPageHead, notAnObject } from '../failures/not-s3.ts'
import { send } from '../send.ts'
import { call, NOTHING, type Body, type Direct } from './call.ts'
import { deliver } from './deliver.ts'
import type { Outgoing, Pool } from './exchange.ts'
import { answerFields, type AnswerFields, repeatsRequest } from './fields.ts'
import { receive, type Received } from './receive.ts'
import type { Head } from './head.ts'
import { headersOf } from './refusal.ts'

export type { Body } from './call.ts'

/*
 * The calls that carry contents, without what the SDK does for every other one: for a small file it costs more than
 * sealing and sending it. Inputs, answers, retries and failures are the SDK's; a place that the wire cannot serve is
 * served by the SDK.
 */

type PutInput = Omit<PutObjectCommandInput, 'Body' | 'ContentLength'>
type PartInput = Omit<UploadPartCommandInput, 'Body' | 'ContentLength'>

/** Stores an object in one request. Throws what `send` throws. */
export function putObject(s3: S3Client, input: PutInput, body: Body, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new PutObjectCommand({ ...input, ...inOne(body) }), signal)
  return call(s3, { operation: 'PutObject', method: 'PUT', input, body }, signal, viaSdk, finished, delivering(signal))
}

/** Sends one part of an upload. Throws what `send` throws. */
export function uploadPart(s3: S3Client, input: PartInput, body: Body, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new UploadPartCommand({ ...input, ...inOne(body) }), signal)
  return call(s3, { operation: 'UploadPart', method: 'PUT', input, body }, signal, viaSdk, finished, delivering(signal))
}

/** Where the server is asked first whether it will have the body, node:http does it. */
function delivering(signal: AbortSignal): Direct<AnswerFields> {
  return {
    async ask({ sockets }, outgoing) {
      if (outgoing.headers.expect !== undefined) return null
      const answer = await deliver(sockets, outgoing, signal)
      return answer instanceof IncomingMessage ? answer : { ...answer, refusal: answer.body, done: Promise.resolve() }
    },
    take: ({ status, headers }) => objectFields(status, headers),
  }
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
  return call(s3, asked, signal, viaSdk, (answer) => ({ ...fieldsOf(answer), Body: answer }))
}

/** Where an object's bytes go. */
export interface Room {
  /** What the answer's head says. Returns room for all of its body; throws to take none of it. */
  place: (answer: AnswerFields) => Buffer
  /** So many more bytes are in their place. */
  onBytes: (count: number) => void
}

/**
 * Brings an object, or a range of it, into memory that is there already. Throws what `send`
 * throws, and what `place` threw; what breaks while the body comes is not tried again.
 */
export async function getObjectInto(
  s3: S3Client,
  input: GetObjectCommandInput,
  room: Room,
  signal: AbortSignal,
): Promise<AnswerFields> {
  const asked = { operation: 'GetObject', method: 'GET', input, body: NOTHING }
  const place = { ...room, place: ({ status, headers }: Head) => room.place(contentFields(status, headers)) }
  const direct = ({ sockets }: Pool, outgoing: Outgoing): Promise<Received | null> =>
    receive(sockets, outgoing, place, signal)
  const viaSdk = async (): Promise<Coming> => pouring(await getObject(s3, input, signal), room)
  const take = (answer: IncomingMessage): Coming => pouring({ ...fieldsOf(answer), Body: answer }, room)
  const { fields, done } = await call(s3, asked, signal, viaSdk, take, {
    ask: direct,
    take: ({ headers, done: coming }) => ({ fields: answerFields(headers), done: coming }),
  })
  await done
  return fields
}

/** Its head is here, its body on its way. */
interface Coming {
  fields: AnswerFields
  done: Promise<void>
}

function pouring({ Body, ...fields }: Got, room: Room): Coming {
  try {
    return { fields, done: pour(Body, room.place(fields), room) }
  } catch (error) {
    dropBody(Body)
    throw error
  }
}

async function pour(body: Readable, into: Buffer, { onBytes }: Room): Promise<void> {
  let filled = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (filled + chunk.length > into.length) throw new CofferError('SERVER', 'The server sent more than it announced.')
    into.set(chunk, filled)
    filled += chunk.length
    onBytes(chunk.length)
    release(chunk)
  }
}

function inOne({ pieces, length }: Body): { Body: Uint8Array; ContentLength: number } {
  const [only, ...more] = pieces
  return { Body: only !== undefined && more.length === 0 ? only : Buffer.concat(pieces), ContentLength: length }
}

/** Asks about an object without its contents. Throws what `send` throws. */
export function headObject(s3: S3Client, input: HeadObjectCommandInput, signal: AbortSignal): Promise<AnswerFields> {
  const viaSdk = (): Promise<AnswerFields> => send(s3, new HeadObjectCommand(input), signal)
  return call(s3, { operation: 'HeadObject', method: 'HEAD', input, body: NOTHING }, signal, viaSdk, headed)
}

async function headed(answer: IncomingMessage): Promise<AnswerFields> {
  return { ...(await finished(answer)), repeatsRequest: repeatsRequest(headersOf(answer)) }
}

/** Such an answer has no body to speak of; it is read all the same, or its connection would not be free. */
async function finished(answer: IncomingMessage): Promise<AnswerFields> {
  await new Promise((resolve, reject) => {
    answer.once('end', resolve).once('error', reject).resume()
  })
  return objectFields(answer.statusCode ?? 0, headersOf(answer))
}

/** The fields of a success whose body is still to be read. Throws NOT_S3 and lets go of it if it is not S3's. */
function fieldsOf(answer: IncomingMessage): AnswerFields {
  try {
    return contentFields(answer.statusCode ?? 0, headersOf(answer))
  } catch (error) {
    dropBody(answer)
    throw error
  }
}

/** Where contents come, a page of HTML may be one; S3 names the ETag of those. Who reads compares it in any case. */
function contentFields(status: number, headers: Record<string, string>): AnswerFields {
  if (headers.etag === undefined && isPageHead(headers)) throw notAnObject(status, headers)
  return answerFields(headers)
}

/** Of an object or a part that is stored or asked about, S3 always names the ETag. Throws NOT_S3 where there is none, to be asked for again. */
function objectFields(status: number, headers: Record<string, string>): AnswerFields {
  if (headers.etag === undefined) throw notAnObject(status, headers)
  return answerFields(headers)
}
