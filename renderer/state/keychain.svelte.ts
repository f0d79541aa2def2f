import { coffer } from './coffer.ts'
import { notifying } from './notifying.svelte.ts'

/** Whether Coffer waits for the person to unlock the system's keychain. */
class Keychain {
  isWaiting = $state(false)

  /** Listens for as long as the window is there. */
  async watch(): Promise<void> {
    for await (const { isWaiting } of await coffer.client.questions.keychain({})) {
      this.isWaiting = isWaiting
      if (isWaiting) notifying.tell('Coffer waits for the keychain', 'Unlock it where the system asks for it.')
    }
  }
}

export const keychain = new Keychain()
