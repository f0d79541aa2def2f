import { Readable } from 'node:stream'
import type { GetObjectTaggingCommand, S3Client } from '@aws-sdk/client-s3'
import { isCofferError, type CofferError } from '../../base/errors.ts'
import type { Outcome, ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { SUB_RESOURCES, type ReadCommand, type SubResource, type Target } from './table.ts'

/**
 * Reads a sub-resource and looks whether the server answers in that sub-resource's own form. There are servers that drop
 * what they do not know of a query and carry out the plain request: their answer is the object's content or the bucket's
 * listing, and a PUT or DELETE of the sub-resource would replace or remove the object itself. Throws failures of the network
 * and of credentials, OBJECT_NOT_FOUND and BUCKET_NOT_FOUND.
 */
export async function readForm(
  s3: S3Client,
  sub: SubResource,
  target: Target,
  signal: AbortSignal,
): Promise<ServerFinding> {
  const command = sub.read(target)
  const raw = captureAnswer(command)
  const failure = await send(s3, command as GetObjectTaggingCommand, signal).then(
    () => null,
    (error: unknown) => {
      if (!isCofferError(error)) throw error
      return error
    },
  )
  const { status, text } = raw()
  if (status === 200) return finding(sub, ...formOf(sub, text))
  if (failure === null) return finding(sub, 'wrong', `It answers ?${sub.query} with status ${status}.`)
  return finding(sub, ...refusalOf(sub, failure))
}

/** Reads each sub-resource of an object and of its bucket. Throws what `readForm` throws. */
export async function testSubResources(s3: S3Client, target: Target, signal: AbortSignal): Promise<ServerFinding[]> {
  const findings: ServerFinding[] = []
  for (const sub of SUB_RESOURCES) findings.push(await readForm(s3, sub, target, signal))
  return findings
}

function formOf({ root, query }: SubResource, text: string): [Outcome, string] {
  if (root === null ? isPolicy(text) : root.test(rootElement(text))) return ['holds', '']
  if (text === '') return ['wrong', `It answers ?${query} with nothing.`]
  return ['wrong', `It answers ?${query} with something else, as if the query were not there.`]
}

function refusalOf({ absent, query }: SubResource, failure: CofferError): [Outcome, string] {
  const { awsCode = '' } = failure.facts
  if (absent.includes(awsCode)) return ['holds', 'It has none here.']
  if (failure.code === 'ACCESS_DENIED') return ['unknown', 'These credentials may not read it.']
  if (failure.code === 'UNSUPPORTED') return ['refused', 'It says that it does not offer this.']
  if (!ANSWERS.has(failure.code)) throw failure
  return ['refused', `It answers ?${query} with ${awsCode === '' ? failure.code : awsCode}.`]
}

/** Failures that are an answer to the question; all others say nothing of the sub-resource. */
const ANSWERS = new Set<CofferError['code']>(['INVALID_INPUT', 'SERVER', 'UNSUPPORTED'])

function finding({ check }: SubResource, outcome: Outcome, detail: string): ServerFinding {
  return { check, outcome, detail }
}

/** '' if it is no XML. */
function rootElement(text: string): string {
  const [, name = ''] = /^\uFEFF?\s*(?:<\?[^>]*\?>\s*|<!--[^]*?-->\s*)*<(?:[\w.-]+:)?([\w.-]+)/.exec(text) ?? []
  return name
}

function isPolicy(text: string): boolean {
  return /^\s*\{/.test(text) && /"Statement"/.test(text)
}

/** No sub-resource's first element comes after this many bytes; a bucket's listing may be long. */
const LONGEST = 64 * 1024

/** The answer as it came; the SDK would take anything for an answer without fields. */
function captureAnswer(command: ReadCommand): () => { status: number; text: string } {
  let raw = { status: 0, text: '' }
  const stack = command.middlewareStack as GetObjectTaggingCommand['middlewareStack']
  stack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as { statusCode: number; body: unknown }
      const body = response.body instanceof Readable ? await beginningOf(response.body) : Buffer.alloc(0)
      raw = { status: response.statusCode, text: body.toString() }
      response.body = Readable.from([body])
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'captureAnswer' },
  )
  return () => raw
}

async function beginningOf(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= LONGEST) break
  }
  return Buffer.concat(chunks)
}
