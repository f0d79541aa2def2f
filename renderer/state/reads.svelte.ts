import type { JourneyStep } from '../../electron/api/contract.ts'
import { coffer } from './coffer.ts'
import { transfers } from './transfers.svelte.ts'

/** What was seen to happen to an object's key when it was last read from here. */
export interface LastRead {
  at: Date
  journey: JourneyStep[]
}

/** Objects are read in many places; who shows what was seen of one is told when there may be something new. */
class Reads {
  #here = $state(0)

  /** Rises when something was previewed, verified or saved. */
  get stamp(): number {
    const saved = transfers.runs.filter(({ kind }) => kind === 'get')
    return this.#here + saved.reduce((sum, run) => sum + run.finished.files, 0)
  }

  /** Something was previewed or verified. */
  happened(): void {
    this.#here += 1
  }

  /** Undefined if this state of an object was not read since Coffer was started. */
  async of(which: { place: string; bucket: string; key: string; etag: string }): Promise<LastRead | undefined> {
    return (await coffer.client.objects.lastRead(which).catch(() => null)) ?? undefined
  }
}

export const reads = new Reads()
