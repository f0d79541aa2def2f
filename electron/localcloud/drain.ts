import type { IncomingMessage } from 'node:http'

const DRAIN_MILLISECONDS = 5_000

/**
 * Lets a client that is still sending read its answer: what is left of the body is thrown away for a while, then the
 * socket is closed. Closing at once would lose the answer to a reset.
 */
export function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_MILLISECONDS)
  request.once('close', () => clearTimeout(timer))
  request.on('error', () => undefined)
  request.resume()
}
