import { createHash } from 'node:crypto'
import { equalBytes } from '../../base/bytes.ts'
import { hmac } from '../auth/signing-key.ts'
import { S3Error } from '../request.ts'

const EMPTY_SHA256 = createHash('sha256').digest('hex')
const HEX_256 = /^[0-9a-f]{64}$/

/** What chunk signatures go on from: the request's own signature and what made it. */
export interface ChunkSeed {
  signingKey: Buffer
  scope: string
  timestamp: string
  signature: string
}

/** Verifies signature after signature, each over the one before (AWS, "Signature Calculations: Transferring Payload in Multiple Chunks"). */
export interface ChunkChain {
  /** `sha256`: of the chunk's data, hex. Throws SignatureDoesNotMatch. */
  chunk(signature: string | undefined, sha256: string): void
  /** `trailers`: the canonical trailer lines. Throws SignatureDoesNotMatch. */
  trailer(signature: string | undefined, trailers: string): void
}

export function chunkChain(seed: ChunkSeed): ChunkChain {
  let previous = seed.signature
  const link = (algorithm: string, signature: string | undefined, hashes: string[]): void => {
    const stringToSign = [algorithm, seed.timestamp, seed.scope, previous, ...hashes].join('\n')
    const expected = hmac(seed.signingKey, stringToSign)
    if (!signature || !HEX_256.test(signature) || !equalBytes(expected, Buffer.from(signature, 'hex'))) throw mismatch()
    previous = signature
  }
  return {
    chunk: (signature, sha256) => link('AWS4-HMAC-SHA256-PAYLOAD', signature, [EMPTY_SHA256, sha256]),
    trailer: (signature, trailers) => {
      const hash = createHash('sha256').update(trailers).digest('hex')
      link('AWS4-HMAC-SHA256-TRAILER', signature, [hash])
    },
  }
}

function mismatch(): S3Error {
  return new S3Error(
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  )
}
