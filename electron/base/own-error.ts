import { databaseFailure } from './database-failure.ts'
import { CofferError, isCofferError } from './errors.ts'
import { unforeseenLocalFailure } from './local-failure.ts'

/**
 * Any error as Coffer's own. What this computer's disk or one of Coffer's databases refused is told as such, also where nobody
 * foresaw it. Anything else keeps only its kind in words, because its text could hold anything; the whole of it stays in
 * `cause`, which crosses no boundary.
 */
export function ownError(error: unknown): CofferError {
  const known = isCofferError(error) ? error : foreseenFailure(error)
  return (
    known ?? new CofferError('INTERNAL', `Something went wrong inside Coffer (${kindOf(error)}).`, { cause: error })
  )
}

/** What this computer's disk or one of Coffer's databases refused; null for any other error. */
export function foreseenFailure(error: unknown): CofferError | null {
  return databaseFailure(error) ?? unforeseenLocalFailure(error)
}

/** The error's class by its name, or what is no error by its type. */
export function kindOf(error: unknown): string {
  return error instanceof Error && /^[A-Za-z][\w.]{0,63}$/.test(error.name) ? error.name : typeof error
}
