import { isCofferError } from '../base/errors.ts'

/** Runs what is given to it; others wait until the first has ended well. */
export type FirstAlone = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Of many files for a server that is not known to encrypt, one goes ahead of the others, so that no more than one is ever
 * sent in vain. If that one shows that the server does not encrypt, those that wait fail like it, and are not sent.
 */
export function firstAlone(): FirstAlone {
  let isOpen = false
  let ahead: Promise<unknown> | null = null
  return async (work) => {
    while (ahead !== null) {
      const failure: unknown = await ahead.then(
        () => null,
        (error: unknown) => error,
      )
      if (isCofferError(failure, 'NOT_ENCRYPTED')) throw failure
    }
    if (isOpen) return work()
    const mine = work()
    ahead = mine
    try {
      const done = await mine
      isOpen = true
      return done
    } finally {
      ahead = null
    }
  }
}
