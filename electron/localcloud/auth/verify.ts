import { S3Error, type Principal } from '../request.ts'
import { equalBytes } from '../../base/bytes.ts'
import { canonicalPaths, canonicalRequestHash, type SignableHeaders } from './canonical.ts'
import { ALGORITHM, readClaim, type Claim } from './claim.ts'
import { isPresignedV2, verifyPresignedV2 } from './presigned-v2.ts'
import { hmac, scopeText, signingKeyCache } from './signing-key.ts'
import type { Target } from './target.ts'

/** Whom an access key id belongs to. The secret is read only when a signing key has to be derived. */
export interface Credential {
  principal: Principal
  secret: () => string
}

export interface Incoming {
  method: string
  target: Target
  headers: SignableHeaders
}

/** A proven signature, with what its chunk signatures (if any) go on from. */
export interface Proof {
  principal: Principal
  signingKey: Buffer
  scope: string
  timestamp: string
  signature: string
  payloadHash: string
}

/**
 * Checks all that a request says of its signature, and that its access key exists, before anything of its body is read.
 * Throws S3Error.
 */
export type Verify = (incoming: Incoming, service: 's3' | 'kms') => Prove

/** Proves who signed the request; `payloadHash` is the last line of what was signed. Throws S3Error. */
export type Prove = (payloadHash: (claim: Claim) => string) => Proof

const MAX_SKEW = 15 * 60_000

/** SigV4 verification (AWS, "Authenticating Requests: AWS Signature Version 4") in headers and presigned URLs. */
export function createVerifier(
  region: string,
  find: (accessKeyId: string) => Credential | undefined,
  now: () => number,
): Verify {
  const signingKeyOf = signingKeyCache()
  return (incoming, service) => {
    if (service === 's3' && isPresignedV2(incoming)) return () => verifyPresignedV2(incoming, find, now())
    const { headers, target } = incoming
    const claim = readClaim(headers, target.query)
    if (!claim) throw new S3Error('AccessDenied', 403, 'Access Denied')
    checkScope(claim, region, service)
    checkTime(claim, now())
    checkCoverage(claim, headers)
    if (headers.has('x-amz-security-token') || target.query.has('X-Amz-Security-Token')) {
      throw new S3Error('InvalidToken', 400, 'The provided token is malformed or otherwise invalid.')
    }
    const credential = find(claim.accessKeyId)
    if (!credential) {
      throw new S3Error(
        'InvalidAccessKeyId',
        403,
        'The AWS Access Key Id you provided does not exist in our records.',
        {
          AWSAccessKeyId: claim.accessKeyId,
        },
      )
    }
    return (payloadHash) => {
      const signingKey = signingKeyOf(claim.accessKeyId, claim.scope, credential.secret)
      const hash = payloadHash(claim)
      if (!signatureHolds(claim, incoming, signingKey, hash)) throw mismatch(claim)
      const { principal } = credential
      const { timestamp, signature } = claim
      return { principal, signingKey, scope: scopeText(claim.scope), timestamp, signature, payloadHash: hash }
    }
  }
}

function mismatch(claim: Claim): S3Error {
  return new S3Error(
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { AWSAccessKeyId: claim.accessKeyId, SignatureProvided: claim.signature },
  )
}

function signatureHolds(claim: Claim, incoming: Incoming, signingKey: Buffer, payloadHash: string): boolean {
  const { method, target, headers } = incoming
  const given = Buffer.from(claim.signature, 'hex')
  return canonicalPaths(target).some((path) => {
    const hash = canonicalRequestHash(method, path, target.query, headers, claim.signedHeaders, payloadHash)
    const stringToSign = [ALGORITHM, claim.timestamp, scopeText(claim.scope), hash].join('\n')
    return equalBytes(hmac(signingKey, stringToSign), given)
  })
}

function checkScope({ place, scope, timestamp }: Claim, region: string, service: string): void {
  const wrong = (why: string, fields: Record<string, string> = {}): S3Error =>
    place === 'header'
      ? new S3Error('AuthorizationHeaderMalformed', 400, `The authorization header is malformed; ${why}`, fields)
      : new S3Error(
          'AuthorizationQueryParametersError',
          400,
          `Error parsing the X-Amz-Credential parameter; ${why}`,
          fields,
        )
  if (scope.service !== service) {
    throw wrong(`incorrect service "${scope.service}". This endpoint belongs to "${service}".`)
  }
  if (scope.region !== region) {
    throw wrong(`the region '${scope.region}' is wrong; expecting '${region}'`, { Region: region })
  }
  if (scope.date !== timestamp.slice(0, 8)) {
    throw wrong(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    )
  }
}

function checkTime(claim: Claim, now: number): void {
  if (claim.expires === undefined) {
    if (Math.abs(now - claim.time) > MAX_SKEW) {
      throw new S3Error(
        'RequestTimeTooSkewed',
        403,
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: claim.timestamp,
          ServerTime: isoSeconds(now),
          MaxAllowedSkewMilliseconds: String(MAX_SKEW),
        },
      )
    }
    return
  }
  if (claim.time - now > MAX_SKEW) throw new S3Error('AccessDenied', 403, 'Request is not yet valid')
  const end = claim.time + claim.expires * 1000
  if (now > end) {
    throw new S3Error('AccessDenied', 403, 'Request has expired', {
      'X-Amz-Expires': String(claim.expires),
      Expires: isoSeconds(end),
      ServerTime: isoSeconds(now),
    })
  }
}

/** Every header that changes what a request means must be under the signature: host and all x-amz-*. */
function checkCoverage(claim: Claim, headers: SignableHeaders): void {
  const signed = new Set(claim.signedHeaders)
  const missing = [...headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  )
  if (missing.length === 0 && signed.has('host')) return
  throw new S3Error('AccessDenied', 403, 'There were headers present in the request which were not signed', {
    HeadersNotSigned: missing.join(', ') || 'host',
  })
}

function isoSeconds(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}/, '')
}
