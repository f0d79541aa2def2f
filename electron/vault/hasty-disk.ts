/** A disk that takes longer, in milliseconds, is not waited for. */
const SLOW = 5
/** So many questions are then asked beside, before it is tried again. */
const BESIDE = 100

/** Asks a disk: at once, which blocks this thread, or from the pool of threads. Throws what they throw. */
export type HastyDisk = <T>(atOnce: () => T, beside: () => Promise<T>) => Promise<T>

/**
 * A trip to the pool takes ten times as long as a question to a disk whose answers are in memory. So it is asked at once as
 * long as it answers so, and from the pool for a while when it did not.
 */
export function hastyDisk(): HastyDisk {
  let slow = 0
  return async (atOnce, beside) => {
    if (slow > 0) {
      slow -= 1
      return await beside()
    }
    const started = performance.now()
    try {
      return atOnce()
    } finally {
      if (performance.now() - started > SLOW) slow = BESIDE
    }
  }
}
