import { setTimeout as sleep } from 'node:timers/promises'
import type { CofferError } from '../../base/errors.ts'
import { isPassing } from '../backoff.ts'
import { asOwn } from './failure.ts'

/** Waits for a server that does not answer, and knows when it is back. */
export interface Away {
  /** What it says and when it is asked again; null while it answers. */
  now(): { error: CofferError; nextTryAt: Date } | null
  /** Asks the server; one question serves all who ask at once. */
  isGone(): Promise<boolean>
  /** Begins to wait for it. */
  hold(error: CofferError): void
  /** Answers once it is back, or nobody waits for it any more. */
  over(): Promise<void>
  /** Asks the server now, and from then on as often as at first: the computer was asleep, and may be in another network. */
  wake(): void
  /** Does not wait for it any more. */
  end(): void
}

const FIRST_MS = 1_000
const LONGEST_MS = 60_000
const PROBE_MS = 20_000

export interface AwayOptions {
  /** Throws a passing failure while it is away. */
  probe: (signal: AbortSignal) => Promise<void>
  /** It is back, or waits anew. */
  changed: () => void
  /** Gives up after so many milliseconds; never unless told. */
  patience?: number | undefined
  gaveUp: (error: CofferError) => void
}

export function openAway({ probe, changed, patience = Infinity, gaveUp }: AwayOptions): Away {
  let state: { error: CofferError; nextTryAt: Date } | null = null
  let waiting: Promise<void> = Promise.resolve()
  let stop = new AbortController()
  let asking: Promise<CofferError | null> | null = null
  let pause = FIRST_MS
  let nap = new AbortController()

  const ask = (): Promise<CofferError | null> => {
    asking ??= probe(AbortSignal.timeout(PROBE_MS))
      .then(
        () => null,
        (thrown: unknown) => asOwn(thrown),
      )
      // Whatever else it says, it does answer; or nobody can be asked in its place.
      .then((error) => (error === null || !isAway(error) ? null : error))
      .finally(() => (asking = null))
    return asking
  }
  const wait = async (first: CofferError, signal: AbortSignal): Promise<void> => {
    const since = performance.now()
    let error: CofferError | null = first
    for (pause = FIRST_MS; error !== null && !signal.aborted; pause = Math.min(LONGEST_MS, pause * 2)) {
      if (performance.now() - since > patience) {
        gaveUp(error)
        return
      }
      // Half of it is chance, so that many clients of one server do not come back together.
      const length = pause * (0.5 + Math.random() / 2)
      state = { error, nextTryAt: new Date(Date.now() + length) }
      changed()
      nap = new AbortController()
      await sleep(length, undefined, { signal: AbortSignal.any([signal, nap.signal]) }).catch(() => undefined)
      error = await ask()
    }
  }
  return {
    now: () => state,
    isGone: async () => state !== null || (await ask()) !== null,
    hold(error) {
      if (state !== null) return
      state = { error, nextTryAt: new Date() }
      stop = new AbortController()
      waiting = wait(error, stop.signal).finally(() => {
        state = null
        changed()
      })
    },
    over: () => waiting,
    wake() {
      pause = FIRST_MS / 2
      nap.abort()
    },
    end: () => stop.abort(),
  }
}

/**
 * This computer's server that does not start is away, too; starting it again may help. Where another server answers, waiting
 * does not.
 */
function isAway(error: CofferError): boolean {
  return (isPassing(error) && error.code !== 'NOT_S3') || error.code === 'LOCAL_SERVER'
}
