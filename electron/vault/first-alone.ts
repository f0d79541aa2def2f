import { isCofferError, type CofferError } from '../base/errors.ts'

/** Runs what is given to it; others wait until the first has ended well. */
export type FirstAlone = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Of many files for a server that is not known to encrypt, one goes ahead of the others, so that no more than one is ever
 * sent in vain. If that one shows that the server does not encrypt, the others fail like it, and are not sent.
 */
export function firstAlone(): FirstAlone {
  let isOpen = false
  let closed: CofferError | null = null
  let ahead: Promise<unknown> | null = null
  return async (work) => {
    while (ahead !== null) await ahead.catch(() => undefined)
    if (closed !== null) throw closed
    if (isOpen) return work()
    const mine = work()
    ahead = mine
    try {
      const done = await mine
      isOpen = true
      return done
    } catch (error) {
      if (isCofferError(error, 'NOT_ENCRYPTED')) closed = error
      throw error
    } finally {
      ahead = null
    }
  }
}
