import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { app } from 'electron'
import { autostartEntry, isEntryOn } from './autostart-entry.ts'

/** The argument of a start that nobody asked for: the window stays hidden. */
export const BACKGROUND = '--background'

/** True if this app was started by the system at login. */
export function isBackgroundStart(): boolean {
  if (process.platform === 'darwin') return app.getLoginItemSettings().wasOpenedAtLogin
  return process.argv.includes(BACKGROUND)
}

/** Whether the system starts Coffer at login. The system itself keeps this, so that its own settings agree. */
export function startsAtLogin(): boolean {
  if (process.platform !== 'linux') return app.getLoginItemSettings({ args: [BACKGROUND] }).openAtLogin
  try {
    return isEntryOn(readFileSync(entryFile(), 'utf8'))
  } catch {
    return false
  }
}

/** Throws what the file system throws. */
export function setStartsAtLogin(wanted: boolean): void {
  if (process.platform !== 'linux') {
    app.setLoginItemSettings({ openAtLogin: wanted, args: [BACKGROUND] })
  } else if (wanted) {
    mkdirSync(dirname(entryFile()), { recursive: true })
    writeFileSync(entryFile(), autostartEntry(ownCommand(), ownVariables()))
  } else {
    rmSync(entryFile(), { force: true })
  }
}

/** Electron's setLoginItemSettings does nothing on Linux. */
function entryFile(): string {
  return join(app.getPath('appData'), 'autostart', 'coffer.desktop')
}

/** An AppImage runs from a mount that is another one at each start; APPIMAGE names its file. */
function ownCommand(): string[] {
  const program = process.env.APPIMAGE ?? process.execPath
  return app.isPackaged ? [program, BACKGROUND] : [program, app.getAppPath(), BACKGROUND]
}

function ownVariables(): Record<string, string> {
  const home = process.env.COFFER_HOME
  return home === undefined || home === '' ? {} : { COFFER_HOME: home }
}
