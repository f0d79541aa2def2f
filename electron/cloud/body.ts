import { Readable } from 'node:stream'

/**
 * Lets go of an answer's body that nobody will read. Without this its connection would wait for a reader, and an error on
 * it (the server hangs up) would have no listener and end the process.
 */
export function dropBody(body: unknown): void {
  if (!(body instanceof Readable)) return
  body.on('error', () => undefined)
  body.destroy()
}
