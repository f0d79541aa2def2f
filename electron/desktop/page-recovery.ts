import { dialog, type BrowserWindow } from 'electron'
import type { EventLog } from '../base/event-log.ts'
import { restartClock } from './restart-clock.ts'

/** Milliseconds for a page to load and to paint for the first time, on a slow machine. */
const PATIENCE = 30_000

export interface PageRecovery {
  /** The page's script runs: it has asked for the engine. */
  lives(): void
}

/**
 * Brings a window back whose page died, hangs, failed to load, never paints or never runs: it loads the page again, and after
 * several times in a minute it asks the person instead, so that no dead window stays. The core is a process of its own and
 * goes on meanwhile. `quit` ends the app.
 */
export function recoverPage(window: BrowserWindow, { log, quit }: { log: EventLog; quit: () => void }): PageRecovery {
  const { webContents } = window
  const clock = restartClock()
  let isPainted = false
  let isLive = false
  let patience: NodeJS.Timeout | undefined
  /** Set while the page hangs. */
  let answered: AbortController | undefined

  const recover = (cause: 'gone' | 'not-loaded' | 'not-started' | 'not-painted'): void => {
    clearTimeout(patience)
    // In development, somebody may hold it at a breakpoint.
    if (window.isDestroyed() || webContents.isDevToolsOpened()) return
    log.write('page-recovery', { cause })
    if (clock.mayRestart(Date.now())) webContents.reload()
    else void ask('The window keeps failing', ['Try Again', 'Quit Coffer'])
  }
  const settle = (): void => {
    if (isLive && (isPainted || window.isVisible())) clearTimeout(patience)
  }

  /** Shows the window first: a page that never painted leaves it hidden, and its box with it. */
  const ask = async (message: string, buttons: string[], signal?: AbortSignal): Promise<void> => {
    window.show()
    const { response } = await dialog.showMessageBox(window, {
      type: 'error',
      message,
      detail: 'Transfers continue behind it.',
      buttons,
      defaultId: 0,
      cancelId: buttons.length - 2,
      ...(signal === undefined ? {} : { signal }),
    })
    if (window.isDestroyed() || signal?.aborted === true) return
    if (response === 0) reload()
    if (response === buttons.length - 1) quit()
  }
  const stopAsking = (): void => {
    answered?.abort()
    answered = undefined
  }
  /** A page that hangs would hold its own reload up. */
  const reload = (): void => {
    if (answered === undefined) webContents.reload()
    else webContents.forcefullyCrashRenderer()
  }

  webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (!isMainFrame || isSameDocument) return
    isLive = false
    clearTimeout(patience)
    patience = setTimeout(() => recover(isLive ? 'not-painted' : 'not-started'), PATIENCE)
  })
  webContents.on('render-process-gone', (_event, { reason }) => {
    stopAsking()
    if (reason !== 'clean-exit') recover('gone')
  })
  webContents.on('did-fail-load', (_event, code, _description, _url, isMainFrame) => {
    const aborted = -3
    if (isMainFrame && code !== aborted) recover('not-loaded')
  })

  window.on('unresponsive', () => {
    if (answered !== undefined) return
    answered = new AbortController()
    const { signal } = answered
    // Nobody is there to be asked.
    if (!window.isVisible()) return reload()
    const over = (): void => void (answered = undefined)
    ask('The window does not answer', ['Load Again', 'Wait', 'Quit Coffer'], signal).then(over, over)
  })
  window.on('responsive', stopAsking)

  window.once('ready-to-show', () => {
    isPainted = true
    settle()
  })
  window.once('closed', () => clearTimeout(patience))
  return {
    lives() {
      isLive = true
      settle()
    },
  }
}
