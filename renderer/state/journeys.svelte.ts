import { SvelteMap } from 'svelte/reactivity'
import type { JourneyStep } from '../../electron/api/contract.ts'

interface Which {
  place: string
  bucket: string
  key: string
  /** Undefined: of whatever is there now. */
  etag: string | undefined
}

/** What is remembered at most. */
const KEPT = 500

/** What was seen to happen to an object's keys when it was last read; for as long as the window is open. */
class Journeys {
  #seen = new SvelteMap<string, { steps: JourneyStep[]; at: Date }>()

  remember(which: Which, steps: JourneyStep[]): void {
    const [oldest] = this.#seen.keys()
    if (this.#seen.size >= KEPT && oldest !== undefined) this.#seen.delete(oldest)
    this.#seen.set(nameOf(which), { steps, at: new Date() })
  }

  of(which: Which): { steps: JourneyStep[]; at: Date } | undefined {
    return this.#seen.get(nameOf(which))
  }
}

const nameOf = ({ place, bucket, key, etag }: Which): string => JSON.stringify([place, bucket, key, etag])

export const journeys = new Journeys()
