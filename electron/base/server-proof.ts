import { createHmac } from 'node:crypto'

/** Where This computer's server is asked for its proof; no bucket can have this name. */
export const PROOF_PATH = '/.coffer/proof'
/** 32 random bytes in hex, fresh for every connection. */
export const CHALLENGE_HEADER = 'x-coffer-challenge'
/** `serverProof` in hex. */
export const PROOF_HEADER = 'x-coffer-proof'

/**
 * What only a process that knows the owner's secret can answer to a challenge (32 bytes). The port that it was reached at
 * is part of it, so that whoever relays the challenge to the true server, which listens elsewhere, gets no proof of its
 * own. The key's prefix keeps this HMAC apart from those of Signature Version 4, whose keys begin with AWS4.
 */
export function serverProof(secretAccessKey: string, challenge: string, port: number): Buffer {
  const message = `coffer server proof v1\n${challenge}\n${port}`
  return createHmac('sha256', `COFFER${secretAccessKey}`).update(message).digest()
}
