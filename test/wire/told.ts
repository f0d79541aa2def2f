import { inspect } from 'node:util'
import { isCofferError, type ErrorCode } from '../../electron/base/errors.ts'
import { findAny, formsOf } from '../support/needles.ts'

/** What a fault of the network may be reported as. INTERNAL is a bug, and 2 is for what the person did wrong. */
const HONEST: ErrorCode[] = [
  ...(['NETWORK', 'NOT_S3', 'SERVER', 'THROTTLED', 'INTEGRITY', 'TRUNCATED', 'CHANGED_WHILE_READ'] as const),
  // A signature that is wrong because a byte was changed looks like one of a wrong secret.
  'BAD_CREDENTIALS',
]

/** What is wrong with the way a failure is told; empty if nothing is. `also`: codes that are right here besides. */
export function wrongWith(error: unknown, secrets: Buffer[], also: ErrorCode[] = []): string[] {
  if (!isCofferError(error)) return [`it failed with ${inspect(error)}`]
  const wrong: string[] = []
  if (![...HONEST, ...also].includes(error.code)) wrong.push(`it failed with ${error.code}: ${whole(error)}`)
  if (error.hint === '') wrong.push(`${error.code} does not say what to do`)
  // With its cause, its facts and its stack: all that could end in a log.
  const everything = Buffer.from(inspect(error, { depth: 12, maxStringLength: null, maxArrayLength: null }))
  if (findAny(secrets.flatMap(formsOf))(everything)) wrong.push(`${error.code} tells a secret`)
  return wrong
}

/** A message with those of its causes. */
function whole(error: Error): string {
  const { message, cause } = error
  return cause instanceof Error ? `${message} (${whole(cause)})` : message
}
