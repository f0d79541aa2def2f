import type { IncomingMessage, ServerResponse } from 'node:http'
import { CHALLENGE_HEADER, PROOF_HEADER } from '../base/server-proof.ts'
import { S3Error } from './request.ts'

/** Answers a challenge with the proof that this is the owner's server, at this port. Throws InvalidRequest. */
export function answerProof(
  request: IncomingMessage,
  response: ServerResponse,
  proofOf: (challenge: string, port: number) => Buffer,
): void {
  const challenge = request.headers[CHALLENGE_HEADER]
  const port = request.socket.localPort
  if (typeof challenge !== 'string' || !/^[0-9a-f]{64}$/.test(challenge) || port === undefined) {
    throw new S3Error('InvalidRequest', 400, 'The challenge is not 32 bytes in hex.')
  }
  response.writeHead(204, { [PROOF_HEADER]: proofOf(challenge, port).toString('hex') }).end()
}
