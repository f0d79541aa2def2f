import { Readable } from 'node:stream'
import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../../base/errors.ts'
import {
  askAgain,
  foreignRefusal,
  isErrorDocument,
  isPage,
  isPageHead,
  notAnObject,
  notS3,
} from '../failures/not-s3.ts'
import { dropBody } from '../body.ts'
import { refusalOf } from '../wire/refusal.ts'

/** No answer but an object is longer, in bytes. */
const MAX_ANSWER = 64 * 1024 * 1024

/** Answers of these are XML, and an empty one would be taken for an empty bucket. */
const ANSWERED_IN_XML = new Set([
  'ListBucketsCommand',
  'ListObjectsCommand',
  'ListObjectsV2Command',
  'ListObjectVersionsCommand',
  'ListMultipartUploadsCommand',
  'ListPartsCommand',
  'CreateMultipartUploadCommand',
  'CompleteMultipartUploadCommand',
  'CopyObjectCommand',
  'UploadPartCopyCommand',
])

/** The body of this one is the object; who reads it compares the ETag. */
const READ = 'GetObjectCommand'

/** Answers of these name the ETag of an object or a part. */
const OF_OBJECTS = new Set([READ, 'HeadObjectCommand', 'PutObjectCommand', 'UploadPartCommand'])

/**
 * Roots of S3's documents: `ListBucketResult`, `VersioningConfiguration`, `Tagging` (Amazon S3 API reference); gofakes3 and
 * rclone open an upload with `InitiateMultipartUpload`.
 */
const ROOT =
  /^\s*(?:<\?xml[^>]*>)?\s*(?:<!--[^]*?-->\s*)*<(?:\w+:)?(?:\w+(?:Results?|Output|Response|Configuration)|InitiateMultipartUpload|Tagging|Retention|LegalHold|AccessControlPolicy|LocationConstraint|Error)\b/

const LIST = /^\s*(?:<\?xml[^>]*>)?\s*<(?:\w+:)?List\w*Result\b/

interface Answer {
  statusCode: number
  headers: Record<string, string>
  body?: unknown
}

/**
 * Looks at each answer before the SDK reads it: the SDK takes a page of HTML for a list of nothing. Throws NOT_S3 for an
 * answer that is not S3's, and TLS where the server wants it. An answer that says 200 is asked for again: a network that
 * wants its terms accepted first gives such ones for a while.
 */
export function requireS3Answers(s3: S3Client): void {
  s3.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args)
      const response = result.response as Answer
      const command = String(context.commandName)
      if (OF_OBJECTS.has(command) && isSuccess(response)) {
        const isOwn = response.headers.etag !== undefined || (command === READ && !isPageHead(response.headers))
        if (isOwn) return result
        dropBody(response.body)
        throw notAnObject(response.statusCode, response.headers)
      }
      const body = await textOf(response)
      if (isSuccess(response)) checkSuccess(command, response, body)
      else if (body !== '' && !ROOT.test(body)) throw refusalOf(response.statusCode, response.headers, body)
      else throwIfForeign('S3', response, body)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'requireS3Answers' },
  )
}

function isSuccess({ statusCode }: Answer): boolean {
  return statusCode >= 200 && statusCode < 300
}

function checkSuccess(command: string, response: Answer, body: string): void {
  const { statusCode } = response
  // S3 may begin with 200 and find out later that it cannot be done; the SDK knows that of some commands only.
  if (isErrorDocument(body)) response.statusCode = 503
  else if (isPage(body) || isJson(command, body) || (ANSWERED_IN_XML.has(command) && !ROOT.test(body))) {
    throw askAgain(notS3('S3', statusCode, body))
  } else if (body !== '' && isOfAnother(command, body)) throw notOffered(command)
}

/** S3 answers in JSON to one question only. */
function isJson(command: string, body: string): boolean {
  return command !== 'GetBucketPolicyCommand' && /^\s*[{[]/.test(body)
}

/** A server that drops the sub-resource that it does not know answers with the bucket's list or the object's content. */
function isOfAnother(command: string, body: string): boolean {
  // A policy is JSON.
  if (command === 'GetBucketPolicyCommand') return !/^\s*\{/.test(body)
  return /^Get(?:Bucket|Object\w)/.test(command) && (!ROOT.test(body) || LIST.test(body))
}

function notOffered(command: string): CofferError {
  const operation = command.replace(/Command$/, '')
  return new CofferError('UNSUPPORTED', `The server does not offer ${operation}: it answered something else.`)
}

/** The same for KMS, which answers in JSON; an S3 without KMS answers in XML, and its own code then tells why. */
export function requireKmsAnswers(kms: KMSClient): void {
  kms.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as Answer
      if (isSuccess(response)) {
        await refuseMarkup(response)
        return result
      }
      const body = await textOf(response)
      throwIfForeign('KMS', response, body)
      if (/^\s*</.test(body)) throw refusalOf(response.statusCode, response.headers, body)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'requireKmsAnswers' },
  )
  kms.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args)
      const field = NAMED_BY_KMS[String(context.commandName)]
      if (field !== undefined && (result.output as unknown as Record<string, unknown>)[field] === undefined) {
        throw new CofferError('NOT_S3', `What answers is not KMS: it names no ${field}, as KMS always does.`)
      }
      return result
    },
    { step: 'initialize', name: 'requireKmsFields' },
  )
}

/** What KMS always answers, also where it has none to list; without it, other JSON would be an empty list. */
const NAMED_BY_KMS: Partial<Record<string, string>> = {
  CreateKeyCommand: 'KeyMetadata',
  DescribeKeyCommand: 'KeyMetadata',
  ListAliasesCommand: 'Aliases',
  ListKeysCommand: 'Keys',
}

function throwIfForeign(service: 'S3' | 'KMS', { statusCode, headers }: Answer, body: string): void {
  if (statusCode < 300) return
  const foreign = foreignRefusal(service, { status: statusCode, headers, body })
  if (foreign !== null) throw foreign
}

/** A data key may be in it: what does not call itself markup is left unread to the reader that wipes its bytes. */
async function refuseMarkup(response: Answer): Promise<void> {
  // Moto calls its JSON text/html.
  if (!/html|xml/i.test(response.headers['content-type'] ?? '')) return
  const body = await textOf(response)
  if (/^\s*</.test(body)) throw askAgain(notS3('KMS', response.statusCode, body))
}

/** Reads the body and puts it back for whoever reads it next. */
export async function textOf(response: Answer): Promise<string> {
  if (!(response.body instanceof Readable)) return ''
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of response.body as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_ANSWER) throw new CofferError('NOT_S3', 'What answers is not S3: its answer does not end.')
    pieces.push(piece)
  }
  const body = Buffer.concat(pieces)
  response.body = Readable.from([body])
  return body.toString()
}
