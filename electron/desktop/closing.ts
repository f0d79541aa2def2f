import { app, type BrowserWindow } from 'electron'
import { askPerson } from './ask-person.ts'
import type { Preferences } from './preferences.ts'
import type { Quit } from './quit.ts'

const KEEP = 'Keep Running'
const QUIT = 'Quit'

/**
 * Closing the window hides it, if there is a tray and the person wants Coffer to keep running there; otherwise it quits. The
 * person is asked the first time. On macOS, an app without a window runs on in the Dock, as every app does.
 */
export function guardClose(
  window: BrowserWindow,
  { preferences, hasTray, quit }: { preferences: Preferences; hasTray: () => Promise<boolean>; quit: Quit },
): void {
  let isDeciding = false

  const decide = async (): Promise<void> => {
    // Without a tray, a hidden window would be an app that nobody finds.
    if (!(await hasTray())) {
      app.quit()
      return
    }
    const keeps = preferences.get().closeToTray ?? (await askAndRemember())
    if (keeps === true) window.hide()
    if (keeps === false) app.quit()
  }
  /** Undefined if the person wants the window to stay. */
  const askAndRemember = async (): Promise<boolean | undefined> => {
    const answer = await askPerson(window, {
      type: 'question',
      message: 'Keep Coffer running when its window is closed?',
      detail: 'It then stays in the tray, and transfers continue. You can change this in Settings.',
      buttons: [KEEP, QUIT, 'Cancel'],
      defaultId: 0,
      cancelId: 2,
    })
    if (answer !== KEEP && answer !== QUIT) return undefined
    preferences.set({ closeToTray: answer === KEEP })
    return answer === KEEP
  }

  window.on('close', (event) => {
    if (process.platform === 'darwin' || quit.isUnderWay()) return
    event.preventDefault()
    if (isDeciding) return
    isDeciding = true
    const decided = (): void => void (isDeciding = false)
    decide().then(decided, decided)
  })
}
