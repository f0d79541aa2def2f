import { attempt, coffer } from './coffer.ts'
import { navigation } from './navigation.svelte.ts'

/** The recovery kit that the person opened Coffer with: it waits here for the dialog that restores it. */
class OpenedKit {
  #file = $state.raw<{ path: string } | null>(null)
  #taken: { path: string } | null = null

  get isWaiting(): boolean {
    return this.#file !== null
  }

  take(): { path: string } | null {
    this.#taken = this.#file
    this.#file = null
    return this.#taken
  }

  /** The dialog is closed. Before that, a page that is loaded again begins with the same file. */
  done(): void {
    if (this.#taken !== null) coffer.host.forgetOpenedFile?.(this.#taken.path)
    this.#taken = null
  }

  /** Looks for one now and whenever the app says so, and goes to where kits are restored. */
  watch(): void {
    coffer.host.onOpenedFile?.(() => void this.#look())
    void this.#look()
  }

  async #look(): Promise<void> {
    await attempt(async () => {
      const file = (await coffer.host.openedFile?.()) ?? null
      if (file === null) return
      this.#file = { path: file.path }
      navigation.go({ name: 'keys', tab: 'yours' })
    })
  }
}

export const openedKit = new OpenedKit()
