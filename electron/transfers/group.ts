import { CofferError } from '../base/errors.ts'

/**
 * Tasks of one transfer that run side by side, at most `limit` at once, and fall together: the first failure aborts
 * `signal` with itself as the reason, and the others end with it.
 */
export interface TaskGroup {
  /** Aborted by the outer signal, or by the first failure. */
  signal: AbortSignal
  /** Waits for a free slot, then starts the task. Throws the group's failure instead if there is one. */
  start(task: (signal: AbortSignal) => Promise<void>): Promise<void>
  /** Waits for all to end; throws the first failure. */
  join(): Promise<void>
  /** Stops the rest and waits until none runs any more. Never throws. */
  stop(reason: unknown): Promise<void>
}

export function taskGroup(limit: number, outer: AbortSignal): TaskGroup {
  const own = new AbortController()
  const signal = AbortSignal.any([outer, own.signal])
  const running = new Set<Promise<void>>()
  let failure: { reason: unknown } | undefined

  function fail(reason: unknown): void {
    failure ??= { reason }
    own.abort(reason instanceof CofferError ? reason : undefined)
  }

  async function settle(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(signal)
    } catch (error) {
      fail(error)
    }
  }

  return {
    signal,
    async start(task): Promise<void> {
      while (running.size >= limit) await Promise.race(running)
      if (failure !== undefined) throw failure.reason
      const run: Promise<void> = settle(task).finally(() => running.delete(run))
      running.add(run)
    },
    async join(): Promise<void> {
      await Promise.all(running)
      if (failure !== undefined) throw failure.reason
    },
    async stop(reason): Promise<void> {
      fail(reason)
      await Promise.all(running)
    },
  }
}
