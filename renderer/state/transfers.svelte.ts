import { SvelteMap } from 'svelte/reactivity'
import type { TransferRun } from '../../electron/api/contract.ts'
import { coffer } from './coffer.ts'
import { session } from './session.svelte.ts'

/** All runs together, as the bar shows them. */
export interface Totals {
  files: number
  done: number
  bytes: number
  bytesDone: number
  speed: number
  secondsLeft: number | undefined
}

/** How long the window waits before it asks again when the stream of events breaks off. */
const AGAIN_MS = 1000

/** The queue as it is now. The core tells; the window only shows. */
class Transfers {
  #runs = new SvelteMap<number, TransferRun>()
  /** The run that the list is to show, and mark. */
  shown = $state<number>()
  limits = $state<{ up: number | null; down: number | null }>({ up: null, down: null })

  /** Newest first. */
  get runs(): TransferRun[] {
    return [...this.#runs.values()].sort((one, other) => other.id - one.id)
  }

  /** Those with something left to do. */
  get underWay(): TransferRun[] {
    return this.runs.filter(({ state }) => state === 'running' || state === 'waiting' || state === 'paused')
  }

  /** Files that wait for an answer, and files that failed: what a person should look at. */
  get trouble(): { conflicts: number; failed: number } {
    const sum = (of: (run: TransferRun) => number): number => this.runs.reduce((all, run) => all + of(run), 0)
    return { conflicts: sum((run) => run.conflicts.files), failed: sum((run) => run.failed.files) }
  }

  get totals(): Totals {
    const all = this.underWay
    const sum = (of: (run: TransferRun) => number): number => all.reduce((total, run) => total + of(run), 0)
    const bytes = sum((run) => run.found.bytes)
    const bytesDone = sum((run) => run.bytesDone)
    const speed = sum((run) => run.speed)
    return {
      files: sum((run) => run.found.files),
      done: sum((run) => run.finished.files),
      bytes,
      bytesDone,
      speed,
      secondsLeft: speed > 0 ? (bytes - bytesDone) / speed : undefined,
    }
  }

  /** Listens for as long as the window is there. `onended` hears of each run that has nothing left to do. */
  async watch(onended: (run: TransferRun) => void): Promise<void> {
    for (;;) {
      try {
        for await (const { runs, gone, rateLimit } of await coffer.client.transfers.watch({})) {
          for (const run of runs) this.#take(run, onended)
          for (const id of gone) this.#runs.delete(id)
          this.limits = rateLimit
        }
      } catch {
        // The door is shut, or the event was lost: the first event of the next stream has everything again.
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  #take(run: TransferRun, onended: (run: TransferRun) => void): void {
    const before = this.#runs.get(run.id)
    this.#runs.set(run.id, run)
    const ended = run.state === 'finished' && before !== undefined && before.state !== 'finished'
    if (ended) onended(run)
    if (ended && run.kind === 'put') void session.loadBuckets(run.place)
  }
}

export const transfers = new Transfers()
