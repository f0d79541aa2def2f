import type { MenuItemConstructorOptions } from 'electron'
import { isBusy, type TransferStatus } from '../api/transfer-status.ts'

/** What the tray tells of. */
export interface TrayState {
  transfers: TransferStatus
  /** Coffer waits for the person to unlock the keychain. */
  isKeychainAwaited: boolean
}

export interface TrayActions {
  open: () => void
  pause: () => void
  resume: () => void
  quit: () => void
}

/** One line: what Coffer is doing. */
export function trayText({ transfers, isKeychainAwaited }: TrayState): string {
  const { running, waiting, paused, files, filesDone, bytes, bytesDone } = transfers
  if (isKeychainAwaited) return 'Waiting for the keychain to be unlocked'
  if (running > 0) {
    const percent = bytes > 0 ? `, ${Math.floor((100 * bytesDone) / bytes)} %` : ''
    return `Transferring: ${filesDone} of ${files} ${files === 1 ? 'file' : 'files'}${percent}`
  }
  if (waiting > 0) return 'Waiting for the server'
  if (paused > 0) return 'Transfers are paused'
  return 'No transfers'
}

export function trayTemplate(state: TrayState, actions: TrayActions): MenuItemConstructorOptions[] {
  const { transfers } = state
  const pauseOrResume: MenuItemConstructorOptions =
    transfers.paused > 0 && !isBusy(transfers)
      ? { label: 'Resume All Transfers', click: actions.resume }
      : { label: 'Pause All Transfers', enabled: isBusy(transfers), click: actions.pause }
  return [
    { label: trayText(state), enabled: false },
    { type: 'separator' },
    { label: 'Open Coffer', click: actions.open },
    pauseOrResume,
    { type: 'separator' },
    { label: 'Quit Coffer', click: actions.quit },
  ]
}
