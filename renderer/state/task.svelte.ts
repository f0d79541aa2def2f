import { asFailure } from '../../electron/api/client.ts'
import type { Failure } from '../../electron/api/contract.ts'

/** One thing that a person asks for in a view: whether it is under way, and what went wrong the last time. */
export class Task {
  busy = $state(false)
  failure = $state<Failure>()

  /** Does it. What it throws is kept as the failure, for the view to show. */
  async run(work: () => Promise<unknown>): Promise<void> {
    this.busy = true
    this.failure = undefined
    try {
      await work()
    } catch (error) {
      this.failure = asFailure(error)
    } finally {
      this.busy = false
    }
  }
}
