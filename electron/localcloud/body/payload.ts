import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { fromBase64 } from '../../base/bytes.ts'
import type { Proof } from '../auth/verify.ts'
import { S3Error, type Checksum } from '../request.ts'
import { awsChunked } from './aws-chunked.ts'
import { announcedTrailers, checkedValue, claimedChecksum, matchChecksum, type ClaimedChecksum } from './checksum.ts'
import { chunkChain } from './chunk-chain.ts'
import { startChecksum, type Digest } from './digest.ts'

const STREAMING = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { signed: true, trailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { signed: true, trailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { signed: false, trailer: true },
} as const

export interface Payload {
  body: AsyncIterable<Buffer>
  contentLength: number | undefined
  checksum: () => Checksum | undefined
}

export interface PayloadRequest {
  headers: IncomingHttpHeaders
  proof: Proof
  /** The bytes as they come over the wire. */
  source: AsyncIterable<Buffer>
  /** False where `x-amz-checksum-*` speaks of an object rather than of this request's body. */
  checksumOfBody: boolean
}

/** Refuses a value of x-amz-content-sha256 that S3 does not know. Throws InvalidArgument. */
export function checkPayloadHash(value: string): string {
  if (value === 'UNSIGNED-PAYLOAD' || Object.hasOwn(STREAMING, value) || /^[0-9a-f]{64}$/.test(value)) return value
  throw new S3Error(
    'InvalidArgument',
    400,
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
  )
}

/**
 * The decoded, verified body of a request, in one pass and without copies.
 *
 * Malformed claims (InvalidDigest, InvalidRequest, MissingContentLength) throw at once; wrong ones (BadDigest,
 * XAmzContentSHA256Mismatch, SignatureDoesNotMatch, IncompleteBody) throw from the iteration, at the latest at its end.
 */
export function openPayload({ headers, proof, source, checksumOfBody }: PayloadRequest): Payload {
  const claimed = checksumOfBody ? claimedChecksum(headers) : undefined
  const md5 = contentMd5(headers['content-md5'])
  const streaming = streamingKind(proof.payloadHash)
  const contentLength = decodedLength(headers, streaming !== undefined)
  if (claimed && claimed.value === undefined && !streaming?.trailer) throw missingTrailer()
  let trailers = new Map<string, string>()
  const decoded = streaming
    ? awsChunked(source, {
        chain: streaming.signed ? chunkChain(proof) : undefined,
        announced: announcedTrailers(headers),
        trailer: streaming.trailer,
        onTrailers: (found) => (trailers = found),
      })
    : source
  let verified: Checksum | undefined
  const checks = [
    lengthCheck(contentLength),
    ...(md5 ? [md5Check(md5)] : []),
    ...(/^[0-9a-f]{64}$/.test(proof.payloadHash) ? [sha256Check(proof.payloadHash)] : []),
    ...(claimed
      ? [
          checksumCheck(
            claimed,
            () => trailers,
            (checksum) => (verified = checksum),
          ),
        ]
      : []),
  ]
  return { body: checkedBody(decoded, checks), contentLength, checksum: () => verified }
}

/** Something that watches the bytes go by and has its say at the end. */
interface Check {
  update: (data: Buffer) => unknown
  end: () => void
}

async function* checkedBody(source: AsyncIterable<Buffer>, checks: Check[]): AsyncGenerator<Buffer> {
  for await (const data of source) {
    for (const check of checks) check.update(data)
    yield data
  }
  for (const check of checks) check.end()
}

function lengthCheck(expected: number | undefined): Check {
  let seen = 0
  const wrong = (): S3Error =>
    new S3Error(
      'IncompleteBody',
      400,
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
      { NumberBytesExpected: String(expected), NumberBytesProvided: String(seen) },
    )
  return {
    update(data) {
      seen += data.length
      if (expected !== undefined && seen > expected) throw wrong()
    },
    end() {
      if (expected !== undefined && seen !== expected) throw wrong()
    },
  }
}

function digestCheck(digest: Digest, judge: (computed: Buffer) => void): Check {
  return { update: (data) => digest.update(data), end: () => judge(digest.digest()) }
}

function md5Check(expected: Buffer): Check {
  return digestCheck(createHash('md5'), (computed) => {
    if (computed.equals(expected)) return
    throw new S3Error('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: expected.toString('base64'),
      CalculatedDigest: computed.toString('base64'),
    })
  })
}

function sha256Check(expected: string): Check {
  return digestCheck(createHash('sha256'), (computed) => {
    if (computed.toString('hex') === expected) return
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: computed.toString('hex') },
    )
  })
}

function checksumCheck(
  claimed: ClaimedChecksum,
  trailers: () => Map<string, string>,
  verified: (checksum: Checksum) => void,
): Check {
  const { algorithm, header } = claimed
  return digestCheck(startChecksum(algorithm), (computed) => {
    const value = claimed.value ?? trailers().get(header)
    if (value === undefined) throw missingTrailer()
    const checksum = { algorithm, value: checkedValue(algorithm, header, value) }
    matchChecksum(checksum, computed)
    verified(checksum)
  })
}

function streamingKind(payloadHash: string): { signed: boolean; trailer: boolean } | undefined {
  return Object.hasOwn(STREAMING, payloadHash) ? STREAMING[payloadHash as keyof typeof STREAMING] : undefined
}

function decodedLength(headers: IncomingHttpHeaders, streaming: boolean): number | undefined {
  const given = streaming ? headers['x-amz-decoded-content-length'] : headers['content-length']
  if (given === undefined) {
    if (!streaming && headers['transfer-encoding'] === undefined) return undefined
    throw new S3Error('MissingContentLength', 411, 'You must provide the Content-Length HTTP header.')
  }
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given)
  throw new S3Error('InvalidArgument', 400, 'The content length is invalid.')
}

function contentMd5(header: string | string[] | undefined): Buffer | undefined {
  if (header === undefined) return undefined
  const digest = fromBase64(String(header))
  if (digest?.length === 16) return digest
  throw new S3Error('InvalidDigest', 400, 'The Content-MD5 you specified was invalid.')
}

function missingTrailer(): S3Error {
  return new S3Error(
    'MalformedTrailerError',
    400,
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}
