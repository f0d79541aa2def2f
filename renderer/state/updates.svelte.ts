import type { UpdateOrder, UpdateState } from '../../electron/api/contract/updates.ts'
import { attempt, coffer } from './coffer.ts'

/** Where an update of the app is; undefined where none can be had from this window. */
class Updates {
  #state = $state.raw<UpdateState>()
  #isHeard = false

  get state(): UpdateState | undefined {
    return this.#state
  }

  /** Takes one step; `look` asks nothing of the network. */
  async take(order: UpdateOrder): Promise<void> {
    const { host } = coffer
    if (host.update === undefined) return
    if (!this.#isHeard) host.onUpdate?.((state) => (this.#state = state))
    this.#isHeard = true
    await attempt(async () => {
      this.#state = await host.update?.(order)
    })
  }
}

export const updates = new Updates()
