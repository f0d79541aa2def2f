import type { CofferClient } from '../../electron/api/client.ts'
import { asFailure } from '../../electron/api/client.ts'
import type { Host } from '../host.ts'
import { toasts } from './toasts.svelte.ts'

/** The door to Coffer and the host around the window; set once, before anything is drawn. */
export const coffer = {} as { client: CofferClient; host: Host }

/** Runs something a person asked for; what goes wrong becomes a toast. True if it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    const failure = asFailure(error)
    if (failure.code !== 'CANCELLED') toasts.failed(failure)
    return false
  }
}
