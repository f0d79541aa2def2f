import { setTimeout as sleep } from 'node:timers/promises'
import { createBell } from '../../base/bell.ts'
import type { Queue } from './queue.ts'
import type { RunView } from './view.ts'

export interface QueueEvent {
  runs: RunView[]
  gone: number[]
  rateLimit: { up: number | null; down: number | null }
}

/** At most eight events a second. */
const COALESCE = 125
/** What other processes do is looked at this often, in milliseconds. */
const LOOK_EVERY = 1000

/** The whole state first, then only what has changed. Ends when the signal fires. */
export async function* watchQueue<Done extends { bytes: number }>(
  queue: Queue<Done>,
  only: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<QueueEvent, void, void> {
  const bell = createBell()
  const off = queue.onChange(() => bell.ring())
  const ring = (): void => bell.ring()
  signal.addEventListener('abort', ring)
  let seen = new Map<number, string>()
  let limits = ''
  try {
    for (let first = true; !signal.aborted; first = false) {
      const views = queue.views(only)
      const marks = new Map(views.map((view) => [view.id, JSON.stringify(view)]))
      const runs = views.filter(({ id }) => marks.get(id) !== seen.get(id))
      const gone = [...seen.keys()].filter((id) => !marks.has(id))
      const rateLimit = { up: queue.limits.up.get(), down: queue.limits.down.get() }
      if (first || runs.length > 0 || gone.length > 0 || JSON.stringify(rateLimit) !== limits) {
        yield { runs, gone, rateLimit }
      }
      seen = marks
      limits = JSON.stringify(rateLimit)
      await sleep(COALESCE, undefined, { signal }).catch(() => undefined)
      await bell.wait(LOOK_EVERY)
    }
  } finally {
    off()
    signal.removeEventListener('abort', ring)
  }
}
