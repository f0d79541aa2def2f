import type { ErrorCode } from '../../base/errors.ts'
import { refusal, serverWords, text, type Answer, type Call, type Description } from '../answer.ts'

interface Known {
  code: ErrorCode
  message: string
  hint?: string
}

/** Codes of one meaning, whatever was asked (Amazon S3 API reference, "Error responses"; STS and KMS: "Common errors"). */
const KNOWN: Record<string, Known> = {
  ...same('CLOCK_SKEW', "This computer's clock differs too much from the server's.", [
    'RequestTimeTooSkewed',
    'RequestExpired',
    'RequestInTheFuture',
  ]),
  ...same('CREDENTIALS_EXPIRED', 'The credentials have expired.', [
    'ExpiredToken',
    'ExpiredTokenException',
    'TokenRefreshRequired',
  ]),
  ...same('BAD_CREDENTIALS', 'The server does not know this access key.', [
    'InvalidAccessKeyId',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'AuthFailure',
  ]),
  ...same(
    'BAD_CREDENTIALS',
    'The server does not accept the session token.',
    ['InvalidToken'],
    'Check AWS_SESSION_TOKEN, or sign in again. A token belongs to one access key and one server.',
  ),
  ...same(
    'BAD_CREDENTIALS',
    'The signature is wrong: the secret does not belong to this access key.',
    ['SignatureDoesNotMatch', 'InvalidSignatureException', 'IncompleteSignature', 'IncompleteSignatureException'],
    'Check the access key and its secret. If they are right, something on the way changes what is sent; try again.',
  ),
  ...same('THROTTLED', 'The server asks to slow down.', [
    'SlowDown',
    'SlowDownRead',
    'SlowDownWrite',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'TooManyRequests',
    'RequestLimitExceeded',
    'BandwidthLimitExceeded',
    'LimitExceededException',
  ]),
  ...same('NETWORK', 'The connection broke before the server had everything.', ['RequestTimeout', 'IncompleteBody']),
  ...same(
    'INTEGRITY',
    'What arrived at the server is not what was sent; the server kept none of it.',
    ['BadDigest', 'InvalidDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch'],
    'Try again. If it stays, the server may not know the newer checksums: set them to when-required for this place.',
  ),
  ...same('INTEGRITY', 'The object is damaged where the server keeps it, or someone changed it there.', [
    'ObjectDamaged',
  ]),
  ...same(
    'DATABASE_DAMAGED',
    'The index of what This computer stores is damaged. What is stored is still there.',
    ['IndexDamaged'],
    'Make the index anew: coffer up --rebuild',
  ),
  ...same('TOO_LARGE', 'The server does not take objects of this size.', ['EntityTooLarge'], 'Split the file.'),
  ...same('INVALID_INPUT', 'This cannot be the name of a bucket.', ['InvalidBucketName']),
  ...same('INVALID_INPUT', 'The key is longer than S3 allows (1,024 bytes).', ['KeyTooLongError', 'KeyTooLong']),
  ...same(
    'UNSUPPORTED',
    'The object is archived and cannot be read as it is.',
    ['InvalidObjectState', 'ObjectNotInActiveTierError'],
    'Restore it from the archive first, then try again.',
  ),
}

function same(code: ErrorCode, message: string, names: string[], hint?: string): typeof KNOWN {
  return Object.fromEntries(names.map((name) => [name, { code, message, ...(hint === undefined ? {} : { hint }) }]))
}

/** A failure that its code alone explains. */
export function describeKnown({ code, message, headers }: Answer): Description {
  // KMS and STS word the clock as a signature that is too old or too new.
  const skewed = /Signature (?:expired|not yet current)/i.test(message)
  const known = skewed ? KNOWN.RequestTimeTooSkewed : KNOWN[code]
  if (known === undefined) return null
  return known.code === 'CLOCK_SKEW' ? { ...known, facts: text('serverTime', headers.date) } : known
}

/** InsufficientStorage: This computer; XMinioStorageFull: MinIO; QuotaExceeded: Ceph. */
const FULL = new Set(['InsufficientStorage', 'InsufficientStorageException', 'XMinioStorageFull', 'QuotaExceeded'])

/** A server whose disk, or share of it, is full (status 507: RFC 4918, Insufficient Storage). */
export function describeFull({ code, status, message, fields }: Answer): Description {
  if (!FULL.has(code) && status !== 507) return null
  const words = serverWords({ code, message })
  return {
    code: 'DISK_FULL',
    message:
      code.startsWith('InsufficientStorage') && message !== ''
        ? message
        : `The server has no room left${words === '' ? '' : ` (${words})`}.`,
    hint: 'Make room there (delete objects, or free the disk), then try again.',
    facts: { ...text('needed', fields.BytesNeeded), ...text('free', fields.BytesFree) },
  }
}

const NOT_OFFERED = new Set(['NotImplemented', 'MethodNotAllowed', 'UnsupportedOperation'])

/**
 * A request, or a part of one, that the server does not have. A server that drops the sub-resource which it does not know
 * takes PutBucketEncryption for CreateBucket, and answers that the bucket exists.
 */
export function describeNotOffered(answer: Answer, call: Call): Description {
  const { code, status, headers, fields } = answer
  const { operation, input } = call
  if (code === 'BucketAlreadyExists' || code === 'BucketAlreadyOwnedByYou') {
    if (operation === 'CreateBucket')
      return { code: 'ALREADY_EXISTS', message: 'A bucket of this name exists already.' }
    return {
      code: 'UNSUPPORTED',
      message: `The server does not offer ${operation}: it took it for CreateBucket (${serverWords(answer)}).`,
    }
  }
  if (headers['x-amz-delete-marker'] === 'true') return null
  if (!NOT_OFFERED.has(code) && status !== 501 && status !== 405) return null
  const words = serverWords(answer)
  const part = typeof fields.Header === 'string' ? ` with the header ${fields.Header}` : ''
  return {
    code: 'UNSUPPORTED',
    message: words === '' ? `The server does not offer ${operation}.` : refusal(answer, call),
    hint: asksForEncryption(input)
      ? 'If this server does not offer this way to encrypt, choose CSE-C: it asks nothing of the server.'
      : `This server does not offer ${operation}${part}. Do without it, or use a server that does.`,
  }
}

function asksForEncryption(input: Record<string, unknown>): boolean {
  return input.ServerSideEncryption !== undefined || input.SSECustomerAlgorithm !== undefined
}
