import type { IncomingMessage, ServerResponse } from 'node:http'

const DRAIN_MILLISECONDS = 5_000

/**
 * Answers a client that may still be sending. The answer goes out whole at once, but the exchange ends only when the rest
 * of the body has been read and thrown away, or after a while: closing at once would lose the answer to a reset.
 */
export function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  answer: { status: number; headers: Record<string, string>; body: Buffer },
): void {
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length })
  if (request.complete || request.destroyed || neverContinued(request, response)) {
    response.end(answer.body)
    return
  }
  response.flushHeaders()
  response.write(answer.body)
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_MILLISECONDS)
  const finish = (): void => {
    clearTimeout(timer)
    response.end()
  }
  request.once('end', finish).once('close', finish)
  request.on('error', () => undefined)
  request.resume()
}

/** The client still waits for leave to send its body, so there is nothing to drain. */
function neverContinued(request: IncomingMessage, response: ServerResponse): boolean {
  return request.headers.expect !== undefined && response.getHeader('connection') === 'close'
}
