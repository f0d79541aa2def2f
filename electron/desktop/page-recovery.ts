import { dialog, type BrowserWindow } from 'electron'
import { restartClock } from './restart-clock.ts'

/** Milliseconds for a page to paint for the first time, on a slow machine. */
const FIRST_PAINT = 30_000

/**
 * Brings a window back whose page died, hangs, failed to load or never paints: it loads the page again, and after several
 * times in a minute it asks the person instead, so that no dead window stays. The core is a process of its own and goes on
 * meanwhile. `quit` ends the app.
 */
export function recoverPage(window: BrowserWindow, quit: () => void): void {
  const { webContents } = window
  const clock = restartClock()

  const recover = (): void => {
    if (window.isDestroyed()) return
    if (clock.mayRestart(Date.now())) webContents.reload()
    else void ask('The window keeps failing', 'Transfers go on behind it.', 'Try Again')
  }

  /** Shows the window first: a page that never painted leaves it hidden, and its box with it. */
  const ask = async (message: string, detail: string, again: string, wait?: string): Promise<void> => {
    window.show()
    const buttons = [again, ...(wait === undefined ? [] : [wait]), 'Quit Coffer']
    const { response } = await dialog.showMessageBox(window, {
      type: 'error',
      message,
      detail,
      buttons,
      defaultId: 0,
      cancelId: wait === undefined ? 0 : 1,
    })
    if (window.isDestroyed()) return
    if (response === 0) webContents.reload()
    if (response === buttons.length - 1) quit()
  }

  webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') recover()
  })
  webContents.on('did-fail-load', (_event, code, _description, _url, isMainFrame) => {
    const aborted = -3
    if (isMainFrame && code !== aborted) recover()
  })

  let isAsking = false
  window.on('unresponsive', () => {
    if (isAsking) return
    isAsking = true
    const end = (): void => void (isAsking = false)
    ask('The window does not answer', 'Transfers go on behind it.', 'Load Again', 'Wait').then(end, end)
  })

  const unpainted = setTimeout(recover, FIRST_PAINT)
  window.once('ready-to-show', () => clearTimeout(unpainted))
  window.once('closed', () => clearTimeout(unpainted))
}
