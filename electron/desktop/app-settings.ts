import type { AppSettings } from '../api/contract/bridge.ts'
import { setStartsAtLogin, startsAtLogin } from './login-item.ts'
import type { Preferences } from './preferences.ts'
import type { AppTray } from './tray.ts'

interface Changes {
  startAtLogin?: boolean | undefined
  closeToTray?: boolean | undefined
}

/** Changes what is named, and answers how it is then. Throws what the file system throws. */
export async function changeAppSettings(
  preferences: Preferences,
  tray: AppTray,
  { startAtLogin, closeToTray }: Changes,
): Promise<AppSettings> {
  if (startAtLogin !== undefined) setStartsAtLogin(startAtLogin)
  if (closeToTray !== undefined) preferences.set({ closeToTray })
  return {
    startAtLogin: startsAtLogin(),
    closeToTray: preferences.get().closeToTray,
    canCloseToTray: process.platform !== 'darwin' && (await tray.isVisible()),
  }
}
