import { mapEventIterator, ORPCError } from '@orpc/client'
import type { AsyncIteratorClass } from '@orpc/client'
import * as z from 'zod'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { failure } from './contract/common.ts'
import type { Failure } from './contract/common.ts'

/** A failure without its cause: what may be shown, sent and kept. Anything that is not Coffer's own is INTERNAL. */
export function toFailure(error: unknown): Failure {
  const { code, message, hint, facts } = asCofferError(error)
  return { code, message, hint, facts }
}

/**
 * Any error as Coffer's own.
 *
 * An unforeseen one keeps only its kind in words, because its text could hold anything; the whole of it stays in `cause`,
 * which crosses no boundary.
 */
export function asCofferError(error: unknown): CofferError {
  if (isCofferError(error)) return error
  if (error instanceof ORPCError) return fromWire(error as ORPCError<string, unknown>)
  if (error instanceof Error && error.name === 'AbortError') return new CofferError('CANCELLED', 'Cancelled.')
  const kind = error instanceof Error ? error.name : typeof error
  return new CofferError('INTERNAL', `Something went wrong inside Coffer (${kind}).`, { cause: error })
}

/** Coffer's own error as oRPC's: code, message, hint and facts survive MessagePort, WebSocket and in-process alike. */
export function toWire(error: unknown): ORPCError<ErrorCode, Pick<Failure, 'hint' | 'facts'>> {
  const { code, message, hint, facts, cause } = asCofferError(error)
  return new ORPCError(code, { status: 400, message, data: { hint, facts }, cause })
}

const refusedInput = z.object({ issues: z.array(z.object({ message: z.string() })) })

function fromWire(error: ORPCError<string, unknown>): CofferError {
  const data = typeof error.data === 'object' ? error.data : {}
  const own = failure.safeParse({ ...data, code: error.code, message: error.message })
  if (own.success) {
    const { code, message, hint, facts } = own.data
    return new CofferError(code, message, { hint, facts, cause: error.cause })
  }
  const refused = refusedInput.safeParse(error.data)
  if (error.code === 'BAD_REQUEST' && refused.success) {
    return new CofferError('INVALID_INPUT', refused.data.issues.map(({ message }) => sentence(message)).join(' '), {
      cause: error,
    })
  }
  return new CofferError('INTERNAL', `Something went wrong inside Coffer (${error.code}).`, { cause: error })
}

/** A schema's own message is a clause: `a bucket name has 3 to 63 letters`. */
function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`
}

/** An event stream whose failures have passed through `convert`; anything else as it is. */
export function convertStream<T>(output: T, convert: (error: unknown) => Error): T | AsyncIteratorClass<unknown> {
  if (!isIterator(output)) return output
  return mapEventIterator(output, {
    value: (value: unknown) => Promise.resolve(value),
    error: (error) => Promise.resolve(convert(error)),
  })
}

function isIterator(output: unknown): output is AsyncIterator<unknown> {
  return typeof output === 'object' && output !== null && Symbol.asyncIterator in output && 'next' in output
}
