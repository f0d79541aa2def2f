import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrowserWindow, app, nativeTheme, screen, type Session } from 'electron'
import { BUILT, ICON } from './paths.ts'
import { ORIGIN } from './session.ts'
import { MIN_SIZE, placeWindow, readState, writeState, type WindowState } from './window-state.ts'

/** What is seen until the page has drawn itself: the page's own ground. */
const GROUND = { light: '#fbfaf8', dark: '#181715' }

/** Opens the window where it was; `hidden`: its page runs, and nobody sees it before `show`. Electron's security checklist, points 2 to 4, 6, 8 to 10 and 20, is in its preferences. */
export function openWindow(session: Session, { hidden = false }: { hidden?: boolean } = {}): BrowserWindow {
  const state = remembered()
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea)
  const window = new BrowserWindow({
    ...placeWindow(state, screens),
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Coffer',
    show: false,
    ...(process.platform === 'linux' && ICON !== undefined ? { icon: ICON } : {}),
    backgroundColor: nativeTheme.shouldUseDarkColors ? GROUND.dark : GROUND.light,
    webPreferences: {
      session,
      preload: join(BUILT, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Its dictionaries come over the network.
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  })
  window.once('ready-to-show', () => {
    if (!hidden) window.show()
  })
  // Maximizing shows a window.
  if (state?.maximized === true) window.once('show', () => window.maximize())
  window.on('close', () => remember(window))
  void window.loadURL(`${ORIGIN}/`)
  return window
}

function stateFile(): string {
  return join(app.getPath('userData'), 'window.json')
}

function remembered(): WindowState | null {
  try {
    return readState(readFileSync(stateFile(), 'utf8'))
  } catch {
    return null
  }
}

/** It is no loss if it cannot be written. */
function remember(window: BrowserWindow): void {
  try {
    const state = { ...window.getNormalBounds(), maximized: window.isMaximized() }
    writeFileSync(stateFile(), writeState(state), { mode: 0o600 })
  } catch {
    // The next window opens in the middle of the screen.
  }
}
