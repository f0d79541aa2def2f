import { app, powerMonitor, type BrowserWindow } from 'electron'
import { askPerson } from './ask-person.ts'

export interface QuitOptions {
  window: () => BrowserWindow | undefined
  /** True while transfers are under way. */
  isBusy: () => boolean
  /** Whether there is a tray by which the person gets back to a hidden window. */
  hasTray: () => Promise<boolean>
  /** Lets transfers stop where they are, within seconds. */
  stop: () => Promise<void>
}

export interface Quit {
  /** True once nothing holds the app's end up any more. */
  isUnderWay: () => boolean
  /** Quits without asking: the system ends the session, or what cannot be asked about has happened. */
  now: () => void
  /** Stops everything without quitting: another program ends this one, to put a new version in its place. */
  stopAll: () => Promise<void>
}

const KEEP = 'Keep Running in the Background'
const PAUSE = 'Pause and Quit'

/**
 * Holds every way to quit up until transfers have stopped; if some are under way, the person is asked first. A logout, a
 * shutdown and a signal ask nobody.
 */
export function guardQuit({ window, isBusy, hasTray, stop }: QuitOptions): Quit {
  let state: 'open' | 'asking' | 'ending' | 'ended' = 'open'

  const isUnderWay = (): boolean => state === 'ending' || state === 'ended'

  const stopAll = async (): Promise<void> => {
    state = 'ending'
    await stop()
    state = 'ended'
  }
  const end = async (): Promise<void> => {
    // The page would say that Coffer has gone.
    window()?.hide()
    await stopAll()
    app.quit()
  }
  const ask = async (): Promise<void> => {
    state = 'asking'
    const answer = await askAboutTransfers(window(), await hasTray())
    // Meanwhile a signal may have decided.
    if (isUnderWay()) return
    state = 'open'
    if (answer === KEEP) window()?.hide()
    if (answer === PAUSE) await end()
  }
  const now = (): void => {
    if (state === 'open' || state === 'asking') void end()
  }

  app.on('before-quit', (event) => {
    if (state === 'ended') return
    event.preventDefault()
    if (state === 'open') void (isBusy() ? ask() : end())
  })
  powerMonitor.on('shutdown', now)
  // Electron's own handlers of these would go by before-quit, and with it to a question that nobody answers.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, now)
  return { isUnderWay, now, stopAll }
}

async function askAboutTransfers(window: BrowserWindow | undefined, hasTray: boolean): Promise<string | undefined> {
  const back = hasTray ? 'its icon in the tray brings the window back' : 'start Coffer again to see its window'
  return askPerson(window, {
    type: 'question',
    message: 'Transfers are under way',
    detail: `In the background they continue, and ${back}. If you quit, they pause and resume at the next start.`,
    buttons: [KEEP, PAUSE, 'Cancel'],
    defaultId: 0,
    cancelId: 2,
  })
}
