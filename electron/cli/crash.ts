import { crashOf, traceOf } from '../base/crash.ts'
import { exitCode } from '../base/errors.ts'
import { createOutput } from './output.ts'

/**
 * What nobody caught ends the process in Coffer's words. Node's own would be the whole error with all that hangs on it,
 * requests with their headers included.
 */
export function endCalmly(json: boolean): void {
  const crashed = (error: unknown): void => {
    const failure = crashOf(error)
    createOutput(json).failure(failure)
    if (process.env.COFFER_DEBUG) process.stderr.write(traceOf(error))
    process.exit(exitCode(failure.code))
  }
  process.on('uncaughtException', crashed).on('unhandledRejection', crashed)
}
