import { createHmac } from 'node:crypto'
import { equalBytes, fromBase64 } from '../../base/bytes.ts'
import { S3Error } from '../request.ts'
import type { Credential, Incoming, Proof } from './verify.ts'

/** Query parameters that Signature Version 2 signs and that an object's URL needs; another one is refused, as it would go unsigned. */
const SIGNED_PARAMETERS = new Set([
  'versionId',
  'partNumber',
  'uploadId',
  'response-content-type',
  'response-content-language',
  'response-expires',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
])
const OWN_PARAMETERS = new Set(['AWSAccessKeyId', 'Expires', 'Signature'])
const METHODS = new Set(['GET', 'HEAD', 'PUT'])
const MAX_LIFE = 604_800_000

/** Whether a request is a URL presigned in Signature Version 2. */
export function isPresignedV2({ target, headers }: Incoming): boolean {
  return target.query.has('AWSAccessKeyId') && !headers.has('authorization') && !target.query.has('X-Amz-Algorithm')
}

/**
 * Verifies a presigned object URL in Signature Version 2 (HMAC-SHA1), which boto3 and version 1 of the AWS CLI still make
 * for us-east-1 (AWS, "Signing and Authenticating REST Requests", query string authentication). Nothing but reading and
 * writing an object is served this way, for a week at most. Throws S3Error.
 */
export function verifyPresignedV2(
  incoming: Incoming,
  find: (accessKeyId: string) => Credential | undefined,
  now: number,
): Proof {
  const { method, target } = incoming
  const expires = target.query.get('Expires') ?? ''
  const accessKeyId = target.query.get('AWSAccessKeyId') ?? ''
  if (!isObjectRequest(incoming) || !/^\d{1,11}$/.test(expires)) {
    throw new S3Error(
      'InvalidRequest',
      400,
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    )
  }
  const end = Number(expires) * 1000
  if (now > end) throw new S3Error('AccessDenied', 403, 'Request has expired')
  if (end - now > MAX_LIFE) throw new S3Error('AccessDenied', 403, 'Expires must be less than a week in the future')
  const credential = find(accessKeyId)
  if (!credential) {
    throw new S3Error('InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.', {
      AWSAccessKeyId: accessKeyId,
    })
  }
  const expected = createHmac('sha1', credential.secret())
    .update(stringToSign(incoming, method, expires), 'latin1')
    .digest()
  const given = fromBase64(target.query.get('Signature') ?? '')
  if (!given || !equalBytes(expected, given)) {
    throw new S3Error(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    )
  }
  const { principal } = credential
  // The payload is unsigned, so there are no chunk signatures to go on from.
  return { principal, payloadHash: 'UNSIGNED-PAYLOAD', signingKey: expected, scope: '', timestamp: '', signature: '' }
}

function isObjectRequest({ method, target }: Incoming): boolean {
  const names = [...target.query.keys()]
  const known = names.every((name) => OWN_PARAMETERS.has(name) || SIGNED_PARAMETERS.has(name))
  const distinct = new Set(names).size === names.length
  return METHODS.has(method) && known && distinct && !isAmbiguous(target.query) && /^\/[^/]+\/./.test(target.path)
}

/** Version 2 signs values unescaped: one that reads like a further parameter could be moved into a parameter, and back. */
function isAmbiguous(query: URLSearchParams): boolean {
  const parameters = [...query].filter(([name]) => SIGNED_PARAMETERS.has(name))
  return parameters.some(([, value]) => value.split('&').slice(1).some(startsParameter))
}

function startsParameter(text: string): boolean {
  return SIGNED_PARAMETERS.has(text.split('=', 1)[0] ?? '')
}

function stringToSign({ target, headers }: Incoming, method: string, expires: string): string {
  const amzHeaders = [...headers].filter(([name]) => name.startsWith('x-amz-')).sort(([a], [b]) => (a < b ? -1 : 1))
  const parameters = [...target.query]
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return [
    method,
    headers.get('content-md5') ?? '',
    headers.get('content-type') ?? '',
    expires,
    ...amzHeaders.map(([name, value]) => `${name}:${value}`),
    target.rawPath + (parameters.length > 0 ? `?${parameters.join('&')}` : ''),
  ].join('\n')
}
