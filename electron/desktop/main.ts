import { join } from 'node:path'
import { BrowserWindow, app, dialog } from 'electron'
import { cofferHome, makeHome } from '../store/home.ts'
import { serveContextMenu } from './context-menu.ts'
import { startDiagnostics } from './diagnostics.ts'
import { isKit, kitIn, openedFile } from './opened-files.ts'
import { isOwn, registerScheme } from './session.ts'
import { start } from './start.ts'

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

/** Chromium's own files lie in Coffer's folder; the lock for a single instance does too, so there is one for each folder. */
function hasHome(): boolean {
  try {
    app.setPath('userData', join(makeHome(cofferHome(process.env)), 'desktop'))
    return true
  } catch (error) {
    // Before the app is ready, no other box can be shown; nothing is under way yet that it would hold up.
    dialog.showErrorBox('Coffer cannot start', error instanceof Error ? error.message : 'Its folder cannot be made.')
    return false
  }
}

function run(): void {
  const log = startDiagnostics()
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
  const opened = openedFile(() => {
    for (const window of BrowserWindow.getAllWindows()) window.webContents.send('opened-file')
  })
  const startedWith = kitIn(process.argv.slice(1), process.cwd())
  if (startedWith !== undefined) opened.open(startedWith)
  // macOS says by an event what the person opened, also before the app is ready.
  app.on('open-file', (event, path) => {
    event.preventDefault()
    if (isKit(path)) opened.open(path)
  })
  app.whenReady().then(
    () => start(log, opened),
    () => app.exit(1),
  )
}
