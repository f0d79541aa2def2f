import { join } from 'node:path'
import { Menu, app, dialog, powerMonitor, type BrowserWindow } from 'electron'
import { NO_TRANSFERS, isBusy } from '../api/transfer-status.ts'
import type { EventLog } from '../base/event-log.ts'
import { changeAppSettings } from './app-settings.ts'
import { guardClose } from './closing.ts'
import { openLog } from './diagnostics.ts'
import { openDragFolders } from './drag-folders.ts'
import { askAboutEngine, type EngineFailure } from './engine-failure.ts'
import { startEngine } from './engine-process.ts'
import { openGrantBook } from './grants.ts'
import { recoverGraphics } from './graphics-recovery.ts'
import { serveWindowCalls } from './ipc.ts'
import { openKeepAwake } from './keep-awake.ts'
import { openLastFolders } from './last-folders.ts'
import { BACKGROUND, isBackgroundStart } from './login-item.ts'
import { menuTemplate } from './menu-template.ts'
import { kitIn, type OpenedFile } from './opened-files.ts'
import { openPageMessages } from './page-messages.ts'
import { recoverPage, type PageRecovery } from './page-recovery.ts'
import { BUILT } from './paths.ts'
import { openPreferences } from './preferences.ts'
import { guardQuit } from './quit.ts'
import { openSession } from './session.ts'
import { openTray } from './tray.ts'
import type { TrayState } from './tray-menu.ts'
import { readUpdateFacts } from './update-facts.ts'
import { openUpdates } from './updates.ts'
import { openWindow } from './window.ts'

/** Builds everything around the window and the engine, and opens both. `opened` is what the person opened the app with. */
export function start(log: EventLog, opened: OpenedFile): void {
  const userData = app.getPath('userData')
  const preferences = openPreferences(join(userData, 'desktop.json'))
  const drags = openDragFolders(join(userData, 'drag'))
  const book = openGrantBook((grants) => engine.grant(grants))
  const messages = openPageMessages()
  const keepAwake = openKeepAwake()
  const state: TrayState = { transfers: NO_TRANSFERS, isKeychainAwaited: false }
  let window: BrowserWindow | undefined
  let recovery: PageRecovery | undefined

  const engine = startEngine({
    onRestarted() {
      log.write('engine-restarted')
      book.repeat()
      // The page asks for a new port when it begins.
      window?.webContents.reload()
    },
    onFailed(message, hint, copyMadeAt) {
      log.write('engine-failed', { copy: copyMadeAt !== undefined })
      void answerFailure({ message, hint, copyMadeAt })
    },
    onTransfers(transfers) {
      state.transfers = transfers
      keepAwake(transfers.running > 0)
      showState()
    },
    onKeychain(isWaiting) {
      state.isKeychainAwaited = isWaiting
      showState()
    },
    onLate: (event) => log.write(event),
  })
  const answerFailure = async (failure: EngineFailure): Promise<void> => {
    const answer = await askAboutEngine(window, failure)
    if (answer === 'restore') engine.restore()
    else if (answer === 'start-again') engine.restart()
    else quit.now()
  }

  const show = (): void => {
    if (window === undefined) open()
    else if (window.isMinimized()) window.restore()
    window?.show()
    window?.focus()
  }
  const tray = openTray(state, {
    open: show,
    pause: () => engine.order('pause'),
    resume: () => engine.order('resume'),
    quit: () => app.quit(),
  })
  const showState = (): void => {
    tray.show(state)
    const { transfers } = state
    const share = transfers.bytes > 0 ? transfers.bytesDone / transfers.bytes : 0
    window?.setProgressBar(isBusy(transfers) ? share : -1)
  }
  const quit = guardQuit({
    window: () => window,
    isBusy: () => isBusy(state.transfers),
    hasTray: tray.isVisible,
    async stop() {
      await engine.stop()
      drags.clear()
    },
  })

  const session = openSession(join(BUILT, 'renderer'))
  const open = (how: { hidden?: boolean } = {}): void => {
    window = openWindow(session, how)
    recovery = recoverPage(window, { log, quit: () => app.quit() })
    messages.watch(window.webContents)
    guardClose(window, { preferences, hasTray: tray.isVisible, quit })
    window.on('session-end', quit.now)
    window.on('closed', () => (window = undefined))
    showState()
  }

  recoverGraphics(quit.now)
  powerMonitor.on('resume', () => engine.order('wake'))
  app.on('second-instance', (_event, args, folder) => {
    const kit = kitIn(args.slice(1), folder)
    if (kit !== undefined) opened.open(kit)
    if (kit !== undefined || !args.includes(BACKGROUND)) show()
  })
  app.on('open-file', show)
  app.on('activate', show)
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })

  const updates = openUpdates({
    ...readUpdateFacts(app.isPackaged, join(BUILT, '..'), process.resourcesPath),
    isBusy: () => Promise.resolve(isBusy(state.transfers)),
    stop: quit.stopAll,
    onNotInstalled: () => void startAgain(),
    onChange: (next) => window?.webContents.send('update', next),
  })
  serveWindowCalls({
    window: () => window,
    engine,
    dialogs: { book, folders: openLastFolders(preferences) },
    drags,
    messages,
    pageLives: () => recovery?.lives(),
    show,
    opened,
    updates,
    appSettings: (changes) => changeAppSettings(preferences, tray, changes),
  })
  const template = menuTemplate({
    isMac: process.platform === 'darwin',
    isPackaged: app.isPackaged,
    run(command) {
      show()
      messages.send('command', command)
    },
    openLog: () => void openLog(),
  })
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  const isHidden = isBackgroundStart()
  open({ hidden: isHidden })
  // Without a tray, the task bar is the way to a window that nobody asked for.
  void tray.appears.then((appears) => {
    if (isHidden && !appears && window?.isVisible() === false) window.minimize()
  })
}

/** An update could not be installed: a person has denied it, or the system's package manager refused. */
async function startAgain(): Promise<void> {
  await dialog.showMessageBox({
    type: 'warning',
    message: 'The update was not installed',
    detail: 'Coffer starts again as it was.',
  })
  app.relaunch()
  app.exit(0)
}
