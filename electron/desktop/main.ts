import { join } from 'node:path'
import { Menu, app, dialog, type BrowserWindow, type Session } from 'electron'
import { cofferHome, makeHome } from '../store/home.ts'
import { serveContextMenu } from './context-menu.ts'
import { openLog, startDiagnostics } from './diagnostics.ts'
import { openDragFolders } from './drag-folders.ts'
import { startEngine, type EngineProcess } from './engine-process.ts'
import { openGrantBook } from './grants.ts'
import { serveWindowCalls } from './ipc.ts'
import { menuTemplate } from './menu-template.ts'
import { isKit, kitIn, openedFile } from './opened-files.ts'
import { recoverPage } from './page-recovery.ts'
import { BUILT } from './paths.ts'
import { isOwn, openSession, registerScheme } from './session.ts'
import { readUpdateFacts } from './update-facts.ts'
import { openUpdates } from './updates.ts'
import { openWindow } from './window.ts'

/*
 * The desktop app's main process: the window, the system around it, and the launch of everything else. No file content, key
 * or credential passes through here.
 *
 * Electron's security checklist (electronjs.org/docs/latest/tutorial/security), point by point:
 *   1 only secure content      the window loads the app's own files; all else is blocked (session.ts)
 *   2-4, 6, 8-10, 20           the window's preferences (window.ts); the sandbox for everything (here)
 *   5 permissions              refused, but for copying to the clipboard (session.ts)
 *   7 content policy           base/window-page.ts, with every file
 *   11 web views               none may be attached (here)
 *   12 webview options         the same
 *   13-14 navigation, windows  refused (here)
 *   15 openExternal            never called
 *   16 current Electron        the newest, by package.json
 *   17 sender                  checked for every message (ipc.ts)
 *   18 file protocol           not used (session.ts)
 *   19 fuses                   electron-builder.yml
 * Besides: crash dumps stay on this computer (diagnostics.ts); no remote module; one instance a folder.
 */

app.enableSandbox()
registerScheme()
// Windows shows notifications of programs that have a name.
app.setAppUserModelId('app.coffer.desktop')
if (hasHome() && app.requestSingleInstanceLock()) run()
else app.quit()

/** Coffer's database cannot be opened: whether the copy of it may take its place. */
async function askToRestore(message: string, copyMadeAt: Date): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    message,
    detail: `A copy of ${copyMadeAt.toLocaleString()} is there. What was changed since then is not in it; keys are found again where keys are kept. The damaged file is kept under another name.`,
    buttons: ['Put the copy back', 'Quit'],
    defaultId: 0,
    cancelId: 1,
  })
  return response === 0
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

/** Chromium's own files lie in Coffer's folder; the lock for a single instance does too, so there is one for each folder. */
function hasHome(): boolean {
  try {
    app.setPath('userData', join(makeHome(cofferHome(process.env)), 'desktop'))
    return true
  } catch (error) {
    dialog.showErrorBox('Coffer cannot start', error instanceof Error ? error.message : 'Its folder cannot be made.')
    return false
  }
}

function run(): void {
  const log = startDiagnostics()
  let window: BrowserWindow | undefined
  let engine: EngineProcess | undefined
  let ended = false

  const book = openGrantBook(async (grant) => engine?.grant(grant))
  const drags = openDragFolders(join(app.getPath('userData'), 'drag'))

  const show = (): void => {
    if (window === undefined) open()
    else {
      if (window.isMinimized()) window.restore()
      window.show()
      window.focus()
    }
  }
  let opened: Session | undefined
  const session = (): Session => (opened ??= openSession(join(BUILT, 'renderer')))
  const open = (): void => {
    window = openWindow(session())
    recoverPage(window, () => app.quit())
    window.on('closed', () => (window = undefined))
  }

  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-attach-webview', (event) => event.preventDefault())
    // A page that loads itself again stays what it is.
    contents.on('will-frame-navigate', (event) => {
      if (!event.isMainFrame || !isOwn(event.url)) event.preventDefault()
    })
    contents.on('will-redirect', (event) => event.preventDefault())
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    serveContextMenu(contents)
  })
  const openedKit = openedFile(() => window?.webContents.send('opened-file'))
  const startedWith = kitIn(process.argv.slice(1), process.cwd())
  if (startedWith !== undefined) openedKit.open(startedWith)
  app.on('second-instance', (_event, args, folder) => {
    const kit = kitIn(args.slice(1), folder)
    if (kit !== undefined) openedKit.open(kit)
    show()
  })
  // macOS says by an event what the person opened, also before the app is ready.
  app.on('open-file', (event, path) => {
    event.preventDefault()
    if (!isKit(path)) return
    openedKit.open(path)
    if (app.isReady()) show()
  })
  app.on('activate', show)
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  const stop = async (): Promise<void> => {
    await engine?.stop()
    ended = true
    drags.clear()
  }
  app.on('before-quit', (event) => {
    if (ended || engine === undefined) return
    event.preventDefault()
    void stop().then(() => app.quit())
  })

  const giveUp = (message: string, hint: string): void => {
    dialog.showErrorBox(message, hint)
    app.exit(1)
  }

  const onFailed = (message: string, hint: string, copyMadeAt?: Date): void => {
    log.write('engine-failed', { copy: copyMadeAt !== undefined })
    if (copyMadeAt === undefined) return giveUp(message, hint)
    void askToRestore(message, copyMadeAt).then((agreed) => (agreed ? engine?.restore() : app.exit(1)))
  }

  const whenReady = (): void => {
    engine = startEngine({
      onRestarted() {
        log.write('engine-restarted')
        book.repeat()
        // The page asks for a new port when it begins.
        window?.webContents.reload()
      },
      onFailed,
    })
    const updates = openUpdates({
      ...readUpdateFacts(app.isPackaged, join(BUILT, '..'), process.resourcesPath),
      isBusy: () => engine?.isBusy() ?? Promise.resolve(false),
      stop,
      onNotInstalled: () => void startAgain(),
      onChange: (state) => window?.webContents.send('update', state),
    })
    serveWindowCalls({ window: () => window, engine, book, drags, opened: openedKit, updates })
    const template = menuTemplate({
      isMac: process.platform === 'darwin',
      isPackaged: app.isPackaged,
      run(command) {
        show()
        window?.webContents.send('command', command)
      },
      openLog: () => void openLog(),
    })
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
    open()
  }
  app.whenReady().then(whenReady, () => app.exit(1))
}
