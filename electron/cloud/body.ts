import { Readable } from 'node:stream'
import { throwIfAborted } from '../base/abort.ts'
import { describeFailure } from './failure.ts'

/**
 * Lets go of an answer's body that nobody will read. Without this its connection would wait for a reader, and an error on
 * it (the server hangs up) would have no listener and end the process.
 */
export function dropBody(body: unknown): void {
  if (!(body instanceof Readable)) return
  body.on('error', () => undefined)
  body.destroy()
}

/** Reads an object's body, which is short, to its end. Throws what `send` throws. */
export async function readBody(
  body: { transformToByteArray(): Promise<Uint8Array> },
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await body.transformToByteArray()
  } catch (error) {
    throwIfAborted(signal)
    throw describeFailure(error, { service: 'S3', operation: 'GetObject', input: {} })
  }
}
