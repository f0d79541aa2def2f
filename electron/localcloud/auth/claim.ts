import { S3Error } from '../request.ts'
import type { SignableHeaders } from './canonical.ts'
import type { Scope } from './signing-key.ts'
import type { Target } from './target.ts'

/** What a request says about its own signature; nothing in it is proven yet. */
export interface Claim {
  place: 'header' | 'query'
  accessKeyId: string
  scope: Scope
  signedHeaders: string[]
  /** Hex, 64 digits. */
  signature: string
  /** `YYYYMMDDTHHMMSSZ`. */
  timestamp: string
  /** Milliseconds since the epoch, of `timestamp`. */
  time: number
  /** Life of a presigned URL in seconds. */
  expires: number | undefined
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'
const SIGNATURE = /^[0-9a-f]{64}$/
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
const MAX_EXPIRES = 604_800

/** Reads the signature's claim from header or query; null for an anonymous request. Throws S3's error for a malformed one. */
export function readClaim(headers: SignableHeaders, query: Target['query']): Claim | null {
  const authorization = headers.get('authorization')
  const presigned = query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature')
  if (authorization !== undefined && presigned) {
    throw new S3Error(
      'InvalidArgument',
      400,
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    )
  }
  if (authorization !== undefined) return headerClaim(authorization, headers)
  if (presigned) return queryClaim(query)
  if (query.has('AWSAccessKeyId')) throw unsupportedMechanism()
  return null
}

function headerClaim(authorization: string, headers: SignableHeaders): Claim {
  const malformed = (why: string): S3Error =>
    new S3Error('AuthorizationHeaderMalformed', 400, `The authorization header is malformed; ${why}`)
  const [, algorithm, rest] = /^(\S+)\s+(.*)$/.exec(authorization) ?? []
  if (algorithm !== ALGORITHM || rest === undefined) throw unsupportedMechanism()
  const fields = new Map(rest.split(',').map((part): [string, string] => splitOnce(part.trim(), '=')))
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (!credential) throw malformed('missing Credential.')
  if (!signedHeaders) throw malformed('missing SignedHeaders.')
  if (!signature || !SIGNATURE.test(signature)) throw malformed('the Signature is missing or invalid.')
  const timestamp = headers.get('x-amz-date') ?? basicDate(headers.get('date'))
  const time = timestamp === undefined ? undefined : parseTimestamp(timestamp)
  if (timestamp === undefined || time === undefined) {
    throw new S3Error('AccessDenied', 403, 'AWS authentication requires a valid Date or x-amz-date header')
  }
  return {
    place: 'header',
    ...parseCredential(credential, malformed),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp,
    time,
    expires: undefined,
  }
}

function queryClaim(query: URLSearchParams): Claim {
  const malformed = (why: string): S3Error => new S3Error('AuthorizationQueryParametersError', 400, why)
  const need = (name: string): string => {
    const [value, ...more] = query.getAll(`X-Amz-${name}`)
    if (value === undefined || more.length > 0) {
      throw malformed(
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
      )
    }
    return value
  }
  if (need('Algorithm') !== ALGORITHM) throw malformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  const credential = need('Credential')
  const timestamp = need('Date')
  const signedHeaders = need('SignedHeaders')
  const signature = need('Signature')
  const expires = need('Expires')
  const time = parseTimestamp(timestamp)
  if (time === undefined) throw malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  if (!/^\d{1,9}$/.test(expires) || Number(expires) < 1) throw malformed('X-Amz-Expires should be a positive number')
  if (Number(expires) > MAX_EXPIRES) {
    throw malformed(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  if (!SIGNATURE.test(signature)) throw malformed('X-Amz-Signature is invalid.')
  return {
    place: 'query',
    ...parseCredential(credential, malformed),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp,
    time,
    expires: Number(expires),
  }
}

function parseCredential(
  credential: string,
  malformed: (why: string) => S3Error,
): { accessKeyId: string; scope: Scope } {
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split('/')
  if (!accessKeyId || !date || !region || !service || more.length > 0 || terminator !== 'aws4_request') {
    throw malformed('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
  }
  return { accessKeyId, scope: { date, region, service } }
}

function parseTimestamp(text: string): number | undefined {
  const parts = TIMESTAMP.exec(text)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

/** SigV4 signs the Date header's time in basic ISO 8601 form when there is no x-amz-date. */
function basicDate(httpDate: string | undefined): string | undefined {
  const time = httpDate === undefined ? NaN : Date.parse(httpDate)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

function unsupportedMechanism(): S3Error {
  return new S3Error(
    'InvalidRequest',
    400,
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  )
}
