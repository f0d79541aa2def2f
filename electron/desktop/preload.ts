import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { UpdateState } from '../api/contract/updates.ts'
import { PORT_MESSAGE, type Bridge } from '../api/contract/bridge.ts'

/*
 * The only thing between the window's page and the main process. The page gets these functions and nothing of Electron: it
 * can name no channel, and no path to be granted but of a file that the system gave it.
 */

const bridge: Bridge = {
  requestPort: () => ipcRenderer.send('port'),
  drop: (files) =>
    ask(
      'drop',
      files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== ''),
    ),
  pick: (what) => ask('pick', what),
  savePath: (folder, name) => ask('save-path', folder, name),
  saveFolder: (folder) => ask('save-folder', folder),
  reveal: (path) => ipcRenderer.send('reveal', path),
  openLog: () => ipcRenderer.send('open-log'),
  dragFolder: () => ask('drag-folder'),
  dragReady: (path) => ask('drag-ready', path),
  startDrag: (path) => ask('start-drag', path),
  dropDragFolder: (folder) => ipcRenderer.send('drop-drag-folder', folder),
  notify: (title, text, about) => ipcRenderer.send('notify', title, text, about ?? null),
  onShow: (listener) => listen('show', listener),
  appSettings: () => ask('app-settings', {}),
  setAppSettings: (changes) => ask('app-settings', changes),
  setTheme: (theme) => ipcRenderer.send('theme', theme),
  runtime: `Electron ${process.versions.electron}, Chromium ${process.versions.chrome}`,
  update: (order) => ask('update', order),
  onUpdate: (listener) => void ipcRenderer.on('update', (_event, state: UpdateState) => listener(state)),
  openedFile: () => ask('opened-file'),
  forgetOpenedFile: (path) => ipcRenderer.send('forget-opened-file', path),
  onOpenedFile: (listener) => void ipcRenderer.on('opened-file', () => listener()),
  onCommand: (listener) => listen('command', listener),
}

/** Once the page listens, the main process sends what it has kept. */
function listen(channel: string, listener: (message: never) => void): void {
  ipcRenderer.on(channel, (_event, message) => listener(message as never))
  ipcRenderer.send('listening', channel)
}

/** The main process answers what the bridge says it does. */
function ask<T>(channel: string, ...args: unknown[]): Promise<T> {
  return ipcRenderer.invoke(channel, ...args) as Promise<T>
}

contextBridge.exposeInMainWorld('cofferBridge', bridge)

/** The page's window, seen from here; this file is checked without the types of a browser. */
interface Page {
  location: { origin: string }
  postMessage(message: unknown, targetOrigin: string, transfer: readonly object[]): void
}
const page = globalThis as unknown as Page

// A port cannot pass through the bridge; it goes to the page as a message of the window's own, and to this origin only.
ipcRenderer.on('port', ({ ports }) => page.postMessage(PORT_MESSAGE, page.location.origin, ports))
