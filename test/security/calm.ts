import { isCofferError } from '../../electron/base/errors.ts'

/** Thousands of cases, and no more than this long. */
export const BOUND = { interruptAfterTimeLimit: 20_000 }

/** What this returns, or null if it throws a CofferError; anything else that it throws fails the test. */
export function calm<T>(work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    if (isCofferError(error)) return null
    throw error
  }
}
