import type { ORPCError } from '@orpc/client'
import type { CofferError, ErrorCode } from '../../base/errors.ts'
import { foreseenFailure } from '../../base/own-error.ts'
import type { Failure } from '../contract/common.ts'
import * as boundary from '../failures.ts'

/*
 * The conversions of ../failures.ts on this side of the boundary, where an error may also be what this computer's disk or one of
 * Coffer's databases refused.
 */

export function asCofferError(error: unknown): CofferError {
  return boundary.asCofferError(foreseenFailure(error) ?? error)
}

export function toFailure(error: unknown): Failure {
  return boundary.toFailure(foreseenFailure(error) ?? error)
}

export function toWire(error: unknown): ORPCError<ErrorCode, Pick<Failure, 'hint' | 'facts'>> {
  return boundary.toWire(foreseenFailure(error) ?? error)
}
