import { app, dialog } from 'electron'
import { restartClock } from './restart-clock.ts'

const WITHOUT = 'Restart Without Graphics Acceleration'

/**
 * Chromium starts its helper processes again when they fall. A graphics process that falls again and again leaves windows
 * black, so the person can have Coffer do without it. `quit` ends the app without a question.
 */
export function recoverGraphics(quit: () => void): void {
  const clock = restartClock()
  let isAsking = false

  const ask = async (): Promise<void> => {
    isAsking = true
    const buttons = [WITHOUT, 'Continue', 'Quit Coffer']
    const { response } = await dialog.showMessageBox({
      type: 'error',
      message: 'The graphics of the window keep failing',
      detail: 'Transfers continue behind it; after a restart, they resume.',
      buttons,
      defaultId: 0,
      cancelId: 1,
    })
    isAsking = false
    if (response === 0) app.relaunch({ args: [...process.argv.slice(1), '--disable-gpu'] })
    if (response !== 1) quit()
  }
  app.on('child-process-gone', (_event, { type, reason }) => {
    if (type !== 'GPU' || reason === 'clean-exit') return
    if (!clock.mayRestart(Date.now()) && !isAsking) void ask()
  })
}
