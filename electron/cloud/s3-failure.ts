import type { ErrorCode } from '../base/errors.ts'
import { text, type Answer, type Call, type Description } from './answer.ts'

/**
 * What S3 (and what S3 and KMS have in common: credentials, clock, throttling) refuses. Never null: the last resort is
 * the status. Codes: Amazon S3 API reference, "Error responses".
 */
export function describeS3Failure(answer: Answer, call: Call): NonNullable<Description> {
  return (
    describeRegion(answer) ??
    describeKnown(answer) ??
    describeCondition(answer, call) ??
    describeMissing(answer, call) ??
    describeCustomerKey(answer, call) ??
    describeDenied(answer, call) ??
    describeStatus(answer, call)
  )
}

const REDIRECTS = new Set(['PermanentRedirect', 'TemporaryRedirect', 'Redirect', 'IllegalLocationConstraintException'])

function describeRegion({ code, status, message, headers, fields }: Answer): Description {
  const malformed = code === 'AuthorizationHeaderMalformed' && /region/i.test(message)
  if (!malformed && !REDIRECTS.has(code) && status !== 301 && status !== 307) return null
  const region = headers['x-amz-bucket-region'] ?? fields.Region ?? /expecting '([\w-]+)'/.exec(message)?.[1]
  if (typeof region !== 'string') return { code: 'WRONG_REGION', message: 'The bucket is in another region.' }
  return {
    code: 'WRONG_REGION',
    message: `The bucket is in another region: ${region}.`,
    hint: `Use its own region: --region ${region}`,
    facts: { region },
  }
}

const KNOWN: Record<string, { code: ErrorCode; message: string; hint?: string }> = {
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
    'InvalidToken',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'AuthFailure',
  ]),
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
  ...same('TOO_LARGE', 'The server does not take objects of this size.', ['EntityTooLarge'], 'Split the file.'),
  ...same('ALREADY_EXISTS', 'A bucket of this name exists already.', [
    'BucketAlreadyExists',
    'BucketAlreadyOwnedByYou',
  ]),
  ...same('INVALID_INPUT', 'This cannot be the name of a bucket.', ['InvalidBucketName']),
  ...same('INVALID_INPUT', 'The key is longer than S3 allows (1,024 bytes).', ['KeyTooLongError', 'KeyTooLong']),
  ...same(
    'UNSUPPORTED',
    'The object is archived and cannot be read as it is.',
    ['InvalidObjectState', 'ObjectNotInActiveTierError'],
    'Restore it from the archive first, then try again.',
  ),
  ...same('UNSUPPORTED', 'The server does not offer this.', [
    'NotImplemented',
    'MethodNotAllowed',
    'UnsupportedOperation',
  ]),
}

function same(code: ErrorCode, message: string, names: string[], hint?: string): typeof KNOWN {
  return Object.fromEntries(names.map((name) => [name, { code, message, ...(hint === undefined ? {} : { hint }) }]))
}

function describeKnown({ code, message, headers }: Answer): Description {
  // KMS and STS word the clock as a signature that is too old or too new.
  if (/Signature (?:expired|not yet current)/i.test(message)) return KNOWN.RequestTimeTooSkewed ?? null
  if (code === 'MethodNotAllowed' && headers['x-amz-delete-marker'] === 'true') return null
  const known = KNOWN[code]
  if (known === undefined) return null
  return known.code === 'CLOCK_SKEW' ? { ...known, facts: text('serverTime', headers.date) } : known
}

/** Status 412, and 409 for two conditional writes at the same moment. */
function describeCondition({ code, status }: Answer, { input }: Call): Description {
  if (code === 'ConditionalRequestConflict') {
    return { code: 'SERVER', message: 'Someone else wrote this object at the same moment.' }
  }
  if (code !== 'PreconditionFailed' && status !== 412) return null
  // A copy has conditions on both ends, and the server does not tell which of them failed.
  const isCopy = input.CopySource !== undefined
  if (input.IfNoneMatch !== undefined && !isCopy) {
    return { code: 'ALREADY_EXISTS', message: `${nameOf(input)} exists already.` }
  }
  return {
    code: 'CHANGED_WHILE_READ',
    message: `${isCopy ? 'What was to be copied, or to be replaced by the copy,' : nameOf(input)} was replaced in the meantime.`,
    hint: 'Try again: it is another object now.',
  }
}

function describeMissing({ code, status, headers }: Answer, { operation, input }: Call): Description {
  if (code === 'NoSuchBucket' || (operation === 'HeadBucket' && status === 404)) {
    return { code: 'BUCKET_NOT_FOUND', message: `There is no bucket ${String(input.Bucket)}.` }
  }
  if (headers['x-amz-delete-marker'] === 'true') {
    return { code: 'OBJECT_NOT_FOUND', message: `${nameOf(input)} was deleted.` }
  }
  if (code === 'NoSuchUpload') {
    return {
      code: 'OBJECT_NOT_FOUND',
      message: 'The server no longer knows this upload: it was aborted or completed.',
      hint: 'Start the upload again.',
    }
  }
  if (code === 'NoSuchKey' || code === 'NoSuchVersion' || (operation === 'HeadObject' && status === 404)) {
    return { code: 'OBJECT_NOT_FOUND', message: `There is no object ${nameOf(input)}.` }
  }
  return null
}

const SSE_C_BLOCK = /blocked upload requests that specify Server[- ]Side Encryption with Customer[- ]provided keys/i

function describeCustomerKey({ code, status, message }: Answer, { operation, input }: Call): Description {
  if (SSE_C_BLOCK.test(message)) {
    return { code: 'SSE_C_BLOCKED', message: `The bucket ${String(input.Bucket)} takes no objects under SSE-C.` }
  }
  if (operation !== 'GetObject' && operation !== 'HeadObject') return null
  const gaveKey = input.SSECustomerKey !== undefined
  if (!gaveKey && status === 400 && (operation === 'HeadObject' || /form of Server Side Encryption/i.test(message))) {
    return { code: 'KEY_WRONG', message: `${nameOf(input)} was stored under a customer key, and S3 wants to see it.` }
  }
  if (!gaveKey) return null
  if (/not applicable/i.test(message)) {
    return {
      code: 'INVALID_INPUT',
      message: `${nameOf(input)} is not under a customer key.`,
      hint: 'Read it without naming a customer key.',
    }
  }
  if (/authorized to perform/i.test(message)) return null
  const refused = status === 403 || (status === 400 && ['InvalidRequest', 'InvalidArgument'].includes(code))
  if (!refused && !(operation === 'HeadObject' && status === 400)) return null
  return {
    code: 'KEY_WRONG',
    message: `S3 does not open ${nameOf(input)} with this customer key.`,
    hint: 'Name the key this object was written with: --key. If it is the right one, reading may not be allowed to you.',
  }
}

const NEEDED_ACTION: Record<string, string> = {
  HeadObject: 's3:GetObject',
  HeadBucket: 's3:ListBucket',
  ListObjectsV2: 's3:ListBucket',
  ListBuckets: 's3:ListAllMyBuckets',
  ListObjectVersions: 's3:ListBucketVersions',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  UploadPartCopy: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  CopyObject: 's3:PutObject',
  DeleteObjects: 's3:DeleteObject',
  GetBucketEncryption: 's3:GetEncryptionConfiguration',
  PutBucketEncryption: 's3:PutEncryptionConfiguration',
}

function describeDenied({ status, code, message }: Answer, { operation, input }: Call): Description {
  if (status !== 403 && code !== 'AccessDenied') return null
  const named = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1]
  const action = named ?? NEEDED_ACTION[operation] ?? `s3:${operation}`
  const resource = /on resource:? "?([^\s"]+)/i.exec(message)?.[1]
  return {
    code: 'ACCESS_DENIED',
    message: `You are not allowed to do this here: it needs ${action}${input.Bucket === undefined ? '' : ` on ${nameOf(input)}`}.`,
    hint: `Ask the owner of the bucket for ${action}.`,
    facts: { action, ...text('resource', resource) },
  }
}

function describeStatus({ code, status, message }: Answer, { operation }: Call): NonNullable<Description> {
  if (status === 429) return { code: 'THROTTLED', message: 'The server asks to slow down.' }
  if (status === 501 || status === 405)
    return { code: 'UNSUPPORTED', message: `The server does not offer ${operation}.` }
  if (status >= 500) return { code: 'SERVER', message: `The server failed at ${operation} (${status} ${code}).` }
  if (status === 404) return { code: 'OBJECT_NOT_FOUND', message: `${operation}: ${message}` }
  if (status < 400) return { code: 'SERVER', message: `The server's answer to ${operation} cannot be read.` }
  return { code: 'INVALID_INPUT', message: `The server refused ${operation}: ${code}, ${message}` }
}

function nameOf(input: Record<string, unknown>): string {
  const bucket = String(input.Bucket)
  return typeof input.Key === 'string' ? `s3://${bucket}/${input.Key}` : `s3://${bucket}`
}
