import { setTimeout as sleep } from 'node:timers/promises'
import { Menu, Tray, nativeImage } from 'electron'
import { ICON } from './paths.ts'
import { hasTrayHost } from './tray-host.ts'
import { trayTemplate, trayText, type TrayActions, type TrayState } from './tray-menu.ts'

/** The icon in the system's tray. */
export interface AppTray {
  show(state: TrayState): void
  /** Whether the person can see it now. On Linux a tray may come up after Coffer, and go. */
  isVisible: () => Promise<boolean>
  /** True once it is there; false if it has not come up for a while. */
  appears: Promise<boolean>
}

/** Width and height in pixels; a display of twice the density has twice as many. */
const SIZE = process.platform === 'darwin' ? 18 : 24

/** Milliseconds between two looks for a tray that is not there yet, and how long one is looked for. */
const LOOK_EVERY = 3_000
const LOOK_FOR = 60_000

export function openTray(state: TrayState, actions: TrayActions): AppTray {
  let tray: Tray | undefined
  let shown = state
  let text = ''

  const draw = (): void => {
    const next = JSON.stringify([trayText(shown), trayTemplate(shown, actions)])
    if (tray === undefined || next === text) return
    text = next
    tray.setToolTip(`Coffer: ${trayText(shown)}`)
    tray.setContextMenu(Menu.buildFromTemplate(trayTemplate(shown, actions)))
  }
  const isVisible = async (): Promise<boolean> => {
    if (ICON === undefined || !(await hasTrayHost())) return false
    if (tray === undefined) {
      tray = new Tray(nativeImage.createFromPath(ICON).resize({ width: SIZE, height: SIZE }))
      tray.on('click', actions.open)
      draw()
    }
    return true
  }
  const until = Date.now() + LOOK_FOR
  const look = async (): Promise<boolean> => {
    while (!(await isVisible())) {
      if (Date.now() > until) return false
      await sleep(LOOK_EVERY, undefined, { ref: false })
    }
    return true
  }
  return {
    show(next) {
      shown = next
      draw()
    },
    isVisible,
    appears: look(),
  }
}
