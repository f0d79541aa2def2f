import { setTimeout as sleep } from 'node:timers/promises'
import { throwIfAborted } from '../cloud/send.ts'

/** A limit on bytes a second that many transfers share and that may change while they run. */
export interface RateLimit {
  /** Bytes a second; null: none. */
  get(): number | null
  set(limit: number | null): void
  /** Answers when these bytes may pass, in the order of the questions. Throws what the signal's abort means. */
  pass(bytes: number, signal: AbortSignal): Promise<void>
}

/** What may pass at once after a pause, in seconds of the limit. */
const BURST = 0.25
/** The longest sleep, in milliseconds: a limit that is lifted is felt within it. */
const NAP = 250

/**
 * A token bucket that may be overdrawn: whoever asks takes all of its bytes at once and waits until the debt is paid off, so
 * that a part larger than the bucket passes too, and the average holds.
 */
export function rateLimit(initial: number | null, now: () => number = () => performance.now()): RateLimit {
  let limit = initial
  let tokens = 0
  let at = now()

  const refill = (): void => {
    const time = now()
    if (limit !== null) tokens = Math.min(limit * BURST, tokens + ((time - at) / 1000) * limit)
    at = time
  }
  const get = (): number | null => limit
  return {
    get,
    set(next) {
      refill()
      // A debt under the old limit is not paid off at the pace of the new one.
      tokens = Math.max(0, tokens)
      limit = next
    },
    async pass(bytes, signal) {
      if (limit === null) return
      refill()
      tokens -= bytes
      for (let owed = -tokens; owed > 0;) {
        // It may be lifted while this sleeps.
        const pace = get()
        if (pace === null) return
        const nap = Math.min(NAP, (owed / pace) * 1000)
        await sleep(nap, undefined, { signal }).catch(() => throwIfAborted(signal))
        owed -= (nap / 1000) * (get() ?? Infinity)
      }
    },
  }
}
