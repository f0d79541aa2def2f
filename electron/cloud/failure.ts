import { CofferError, isCofferError } from '../base/errors.ts'
import { text, type Answer, type Call, type Description } from './answer.ts'
import { describeKmsFailure } from './kms-failure.ts'
import { describeNetworkFailure } from './network-failure.ts'
import { describeS3Failure } from './s3-failure.ts'

/** Turns whatever the SDK threw into a CofferError. Never repeats headers, keys, or the string that was signed. */
export function describeFailure(error: unknown, call: Call): CofferError {
  if (isCofferError(error)) return ofService(error, call)
  const network = describeNetworkFailure(error)
  if (network !== null) return ofService(asError(network, {}, error), call)
  if (isWrongChecksum(error)) {
    return new CofferError('INTEGRITY', 'What came is not what S3 keeps: its checksum is another.', { cause: error })
  }
  const answer = answerOf(error, call)
  if (answer === null) return new CofferError('INTERNAL', `${call.operation} failed in the client.`, { cause: error })
  // The service's own error is not kept as the cause: a SignatureDoesNotMatch repeats every signed header, and the
  // customer's key is one of them.
  const said = describeKmsFailure(answer, call) ?? describeS3Failure(answer, call)
  return asError(said, answer.facts, undefined, (text) => withoutSecrets(text, call.input))
}

/** What S3 says of one item, in an answer that is itself no failure (DeleteObjects, Error). */
export function describeItemFailure(
  item: { Code?: string | undefined; Message?: string | undefined },
  call: Call,
): CofferError {
  const code = wordsOf(item.Code ?? '')
  const message = wordsOf(item.Message ?? '')
  const facts = {
    operation: call.operation,
    ...text('awsCode', code),
    ...text('serverMessage', message),
    ...text('bucket', call.input.Bucket),
    ...text('key', call.input.Key),
  }
  const answer = { code, message, status: ITEM_STATUS[code] ?? 400, fromKms: false, headers: {}, fields: {}, facts }
  return asError(describeS3Failure(answer, call), facts, undefined)
}

/** The status that each has where it is the whole answer (Amazon S3 API reference, "Error responses"). */
const ITEM_STATUS: Record<string, number> = {
  AccessDenied: 403,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  OperationAborted: 503,
  InternalError: 500,
  ServiceUnavailable: 503,
  SlowDown: 503,
}

/** Connections do not know whom they lead to; their word for what speaks no HTTP is "not S3". */
function ofService(failure: CofferError, { service }: Call): CofferError {
  const { code, message, hint, facts, cause } = failure
  if (code !== 'NOT_S3' || service !== 'KMS' || !message.includes('is not S3:')) return failure
  return new CofferError(code, message.replace('is not S3:', 'is not KMS:'), { hint, facts, cause })
}

/** How the SDK says that a body is not what the checksum in its answer's head promised (@smithy/core, ChecksumStream). */
function isWrongChecksum(error: unknown): boolean {
  return error instanceof Error && /^Checksum mismatch: expected ".*" but received "/.test(error.message)
}

function asError(
  said: NonNullable<Description>,
  facts: Record<string, string>,
  cause: unknown,
  clean = (text: string) => text,
): CofferError {
  const known = Object.entries({ ...facts, ...said.facts }).map(([name, text]) => [name, clean(text)])
  return new CofferError(said.code, clean(said.message), {
    ...(said.hint === undefined ? {} : { hint: clean(said.hint) }),
    facts: Object.fromEntries(known) as Record<string, string>,
    cause,
  })
}

interface SdkError extends Error {
  $metadata?: { httpStatusCode?: number; requestId?: string; attempts?: number }
  $response?: { statusCode?: number; headers?: Record<string, string> }
  Code?: string
}

/** What a service answered, out of the error that the SDK made of it; null if none did. */
export function answerOf(error: unknown, call: Call): Answer | null {
  if (!(error instanceof Error)) return null
  const { $metadata, $response, Code } = error as SdkError
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  if (status === undefined) return null
  const named = wordsOf(Code ?? error.name)
  const fromKms = named.startsWith('KMS.')
  const code = fromKms ? named.slice('KMS.'.length) : named
  const message = wordsOf(error.message)
  return {
    code,
    fromKms,
    status,
    message,
    headers: $response?.headers ?? {},
    fields: error as unknown as Record<string, unknown>,
    facts: {
      operation: call.operation,
      status: String(status),
      attempts: String($metadata?.attempts ?? 1),
      ...text('awsCode', code),
      ...text('serverMessage', QUOTES_REQUEST.test(code) ? '' : message),
      ...text('requestId', $metadata?.requestId),
      ...text('bucket', call.input.Bucket),
      ...text('key', call.input.Key),
    },
  }
}

/** What a service, or the SDK in its place, calls a failure of which it says nothing. */
const WORDLESS = new Set(['Unknown', 'UnknownError', 'Error', 'NotFound', 'undefined'])

/** A service says in its reason for these what it was sent: every signed header, a session token among them. */
const QUOTES_REQUEST = /^(?:SignatureDoesNotMatch|InvalidSignature|IncompleteSignature)/

/** Longest part of a server's message that is passed on, in characters. */
const MAX_WORDS = 500

/** A code or a message in one line. */
function wordsOf(said: string): string {
  const line = said.replace(/\s+/g, ' ').trim()
  if (WORDLESS.has(line)) return ''
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line
}

/** A server may quote a header back, anywhere in its answer; the customer's key must not travel on in what is told. */
function withoutSecrets(message: string, input: Record<string, unknown>): string {
  const secrets = [input.SSECustomerKey, input.CopySourceSSECustomerKey]
  return secrets.reduce<string>(
    (kept, secret) => (typeof secret === 'string' && secret !== '' ? kept.replaceAll(secret, '[key]') : kept),
    message,
  )
}
