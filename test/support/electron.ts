import { EventEmitter } from 'node:events'
import { forkLikeElectron, type Forked } from './forked.ts'

/*
 * What the desktop app's main process asks of Electron, where its runtime is not to be had: it writes down what it is told,
 * and its processes are real ones of plain Node. It shows that Coffer says the right things; not that Electron does them.
 */

type Answer = (answer: { cancel: boolean }) => void
type Listener = (event: unknown, ...args: unknown[]) => unknown

/** What was said. */
export const told = {
  userData: '',
  sandboxed: false,
  schemes: [] as unknown[],
  partition: '',
  window: {} as { webPreferences: Record<string, unknown> },
  loaded: '',
  reloads: 0,
  dragged: [] as string[],
  progress: [] as number[],
  shownInFolder: [] as string[],
  forks: [] as { program: string; env: NodeJS.ProcessEnv; process: StandInProcess }[],
  errors: [] as string[],
  exits: [] as unknown[],
}

/** What was given to be called. */
export const given = {
  serve: undefined as ((request: Request) => Promise<Response>) | undefined,
  request: undefined as ((details: { url: string }, answer: Answer) => void) | undefined,
  permission: undefined as ((contents: null, name: string, answer: (yes: boolean) => void) => void) | undefined,
  check: undefined as ((contents: null, name: string, origin: string) => boolean) | undefined,
  openWindow: undefined as (() => { action: string }) | undefined,
}

class StandInPort extends EventEmitter {
  peer: StandInPort | undefined
  #waiting: unknown[] = []
  #started = false

  postMessage(data: unknown): void {
    this.peer?.take({ data, ports: [] })
  }

  take(message: unknown): void {
    if (this.#started) this.emit('message', message)
    else this.#waiting.push(message)
  }

  start(): void {
    this.#started = true
    for (const message of this.#waiting.splice(0)) this.emit('message', message)
  }
}

export class MessageChannelMain {
  port1 = new StandInPort()
  port2 = new StandInPort()

  constructor() {
    this.port1.peer = this.port2
    this.port2.peer = this.port1
  }
}

class StandInProcess extends EventEmitter {
  forked: Forked

  constructor(program: string, env: NodeJS.ProcessEnv) {
    super()
    this.forked = forkLikeElectron(program, env)
    this.forked.child.on('exit', (code) => this.emit('exit', code))
    this.forked.child.on('message', ({ port, data }: { port?: number; data: unknown }) => {
      if (port === undefined) this.emit('message', data)
    })
  }

  postMessage(data: unknown, [port]: StandInPort[] = []): void {
    if (port === undefined) {
      this.forked.post(data)
      return
    }
    const near = this.forked.postWithPort(data)
    port.on('message', (message: { data: unknown }) => near.postMessage(message.data))
    near.on('message', (message) => port.postMessage(message.data))
    port.start()
  }

  kill(): void {
    this.forked.child.kill('SIGKILL')
  }
}

export const utilityProcess = {
  fork(program: string, _args: string[], { env }: { env: NodeJS.ProcessEnv }): StandInProcess {
    const process = new StandInProcess(program, env)
    told.forks.push({ program, env, process })
    return process
  },
}

export const app = Object.assign(new EventEmitter(), {
  isPackaged: true,
  enableSandbox: () => (told.sandboxed = true),
  setAppUserModelId: () => undefined,
  setPath: (_name: string, path: string) => (told.userData = path),
  getPath: () => told.userData,
  setAppLogsPath: () => undefined,
  getVersion: () => '0.1.0',
  requestSingleInstanceLock: () => true,
  whenReady: () => Promise.resolve(),
  getFileIcon: () => Promise.reject(new Error('Failed to get file icon.')),
  exit: (code: number) => told.exits.push(code),
  quit() {
    const event = { prevented: false, preventDefault: () => (event.prevented = true) }
    app.emit('before-quit', event)
    if (!event.prevented) told.exits.push('quit')
  },
})

export const crashReporter = { start: () => undefined }

export const nativeImage = { createFromBuffer: () => ({}) }

export const protocol = { registerSchemesAsPrivileged: (schemes: unknown[]) => (told.schemes = schemes) }

const ownSession = Object.assign(new EventEmitter(), {
  protocol: { handle: (_scheme: string, serve: typeof given.serve) => (given.serve = serve) },
  webRequest: { onBeforeRequest: (listener: typeof given.request) => (given.request = listener) },
  setPermissionRequestHandler: (listener: typeof given.permission) => (given.permission = listener),
  setPermissionCheckHandler: (listener: typeof given.check) => (given.check = listener),
  setDevicePermissionHandler: () => undefined,
})
export const session = {
  fromPartition(name: string) {
    told.partition = name
    return ownSession
  },
}

export const ipcMain = Object.assign(new EventEmitter(), {
  handlers: new Map<string, Listener>(),
  handle: (channel: string, listener: Listener) => ipcMain.handlers.set(channel, listener),
})

export const contents = Object.assign(new EventEmitter(), {
  ports: [] as StandInPort[],
  postMessage: (_channel: string, _message: unknown, ports: StandInPort[]) => contents.ports.push(...ports),
  send: () => undefined,
  reload: () => (told.reloads += 1),
  startDrag: ({ file }: { file: string }) => told.dragged.push(file),
  setWindowOpenHandler: (handler: typeof given.openWindow) => (given.openWindow = handler),
})

export class BrowserWindow extends EventEmitter {
  webContents = contents

  constructor(options: typeof told.window) {
    super()
    told.window = options
    app.emit('web-contents-created', {}, contents)
  }

  loadURL(url: string): Promise<void> {
    told.loaded = url
    return Promise.resolve()
  }

  setProgressBar(value: number): void {
    told.progress.push(value)
  }

  show(): void {
    this.emit('show')
  }
}

type DialogOptions = { defaultPath: string }
export const dialog = {
  showErrorBox: (...words: string[]) => told.errors.push(...words),
  // The person chooses the last button, which leaves everything as it is.
  showMessageBox: ({ buttons }: { buttons: string[] }) => Promise.resolve({ response: buttons.length - 1 }),
  showSaveDialog: (_window: unknown, { defaultPath }: DialogOptions) =>
    Promise.resolve({ canceled: false, filePath: defaultPath }),
  showOpenDialog: (_window: unknown, { defaultPath }: DialogOptions) =>
    Promise.resolve({ canceled: false, filePaths: [defaultPath] }),
}

export const nativeTheme = { themeSource: 'system', shouldUseDarkColors: false }
export const screen = { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] }
export const Menu = { buildFromTemplate: (template: unknown) => template, setApplicationMenu: () => undefined }
export const shell = { showItemInFolder: (path: string) => told.shownInFolder.push(path) }
export const powerSaveBlocker = { start: () => 1, stop: () => undefined }
export const Notification = { isSupported: () => false }

/** A message from a frame, as ipcMain hears it. */
export function fromFrame(url: string, { isTop = true, sender = contents }: { isTop?: boolean; sender?: object } = {}) {
  return { sender, senderFrame: { url, parent: isTop ? null : {} } }
}
