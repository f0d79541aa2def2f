import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import {
  MessageChannelMain,
  ipcMain,
  nativeTheme,
  shell,
  type BrowserWindow,
  type IpcMainEvent,
  type IpcMainInvokeEvent,
} from 'electron'
import * as z from 'zod'
import type { AppSettings, NotificationSubject } from '../api/contract/bridge.ts'
import { UPDATE_ORDERS } from '../api/contract/updates.ts'
import { give, pick, saveFolder, savePath, type DialogContext } from './dialogs.ts'
import { openLog } from './diagnostics.ts'
import type { DragFolders } from './drag-folders.ts'
import { openDragOut } from './drag-out.ts'
import type { EngineProcess } from './engine-process.ts'
import { notify } from './notifications.ts'
import type { PageMessages } from './page-messages.ts'
import type { Updates } from './updates.ts'
import type { OpenedFile } from './opened-files.ts'
import { isOwn } from './session.ts'

export interface Desk {
  window(): BrowserWindow | undefined
  engine: EngineProcess
  dialogs: DialogContext
  drags: DragFolders
  opened: OpenedFile
  updates: Updates
  messages: PageMessages
  /** The window's page has begun to run. */
  pageLives: () => void
  /** Shows the window. */
  show: () => void
  /** Changes what is named and answers how it is then. */
  appSettings: (changes: {
    startAtLogin?: boolean | undefined
    closeToTray?: boolean | undefined
  }) => Promise<AppSettings>
}

const text = z.string().max(32_768)

const subject = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('transfer'), run: z.int() }),
  z.strictObject({ kind: z.literal('folder'), place: text, bucket: text, prefix: text }),
  z.strictObject({ kind: z.literal('key'), id: text }),
]) satisfies z.ZodType<NotificationSubject>

const settingsChanges = z.strictObject({ startAtLogin: z.boolean().optional(), closeToTray: z.boolean().optional() })

/** Serves what the preload script's bridge offers. Everything from a window is checked: who sent it, and what it is. */
export function serveWindowCalls(desk: Desk): void {
  const { engine, dialogs, drags, messages, updates } = desk
  const { book } = dialogs

  on('port', z.tuple([]), (window) => {
    desk.pageLives()
    drags.removeUnfinished()
    const { port1, port2 } = new MessageChannelMain()
    engine.connect(port1)
    window.webContents.postMessage('port', null, [port2])
  })
  handle('drop', z.tuple([z.array(text).max(100_000)]), (_window, paths) => give(book, paths))
  handle('pick', z.tuple([z.enum(['files', 'folder', 'file'])]), (window, what) => pick(window, dialogs, what))
  handle('opened-file', z.tuple([]), async () => {
    const path = desk.opened.path()
    return path === undefined ? null : ((await give(book, [path]))[0] ?? null)
  })
  on('forget-opened-file', z.tuple([text]), (_window, path) => desk.opened.forget(path))
  handle('save-path', z.tuple([text, text]), (window, folder, name) => savePath(window, dialogs, folder, name))
  handle('save-folder', z.tuple([text]), (window, folder) => saveFolder(window, dialogs, folder))

  // A network path would make this computer present itself to whoever answers for it.
  on('reveal', z.tuple([text]), (_window, path) => {
    if (isAbsolute(path) && !path.startsWith('\\\\') && existsSync(path)) shell.showItemInFolder(path)
  })
  on('open-log', z.tuple([]), openLog)
  const dragOut = openDragOut(drags, book)
  handle('drag-folder', z.tuple([]), () => dragOut.folder())
  handle('drag-ready', z.tuple([text]), (_window, path) => dragOut.ready(path))
  handle('start-drag', z.tuple([text]), (window, path) => dragOut.start(window.webContents, path))
  on('drop-drag-folder', z.tuple([text]), (_window, folder) => dragOut.remove(folder))

  on('listening', z.tuple([z.enum(['command', 'show'])]), (window, channel) =>
    messages.listens(window.webContents, channel),
  )
  on('notify', z.tuple([text, text, subject.nullable()]), (window, title, body, about) => {
    if (window.isVisible() && window.isFocused()) return
    notify(title, body, () => {
      desk.show()
      if (about !== null) messages.send('show', about)
    })
  })
  handle('update', z.tuple([z.enum(UPDATE_ORDERS)]), (_window, order) => updates(order))
  handle('app-settings', z.tuple([settingsChanges]), (_window, changes) => desk.appSettings(changes))
  on('theme', z.tuple([z.enum(['system', 'light', 'dark'])]), (_window, theme) => {
    nativeTheme.themeSource = theme
  })

  /** Electron's security checklist, point 17: only the main frame of the app's own window is heard. */
  function sender({ senderFrame, sender: contents }: IpcMainEvent | IpcMainInvokeEvent): BrowserWindow | null {
    const window = desk.window()
    if (window === undefined || contents !== window.webContents) return null
    return senderFrame !== null && senderFrame.parent === null && isOwn(senderFrame.url) ? window : null
  }

  function on<Args extends unknown[]>(
    channel: string,
    args: z.ZodType<Args>,
    act: (window: BrowserWindow, ...args: Args) => Promise<void> | void,
  ): void {
    ipcMain.on(channel, (event, ...given: unknown[]) => {
      const window = sender(event)
      const read = args.safeParse(given)
      if (window !== null && read.success) void act(window, ...read.data)
    })
  }

  function handle<Args extends unknown[], Result>(
    channel: string,
    args: z.ZodType<Args>,
    act: (window: BrowserWindow, ...args: Args) => Promise<Result> | Result,
  ): void {
    ipcMain.handle(channel, (event, ...given: unknown[]) => {
      const window = sender(event)
      if (window === null) throw new Error('this window may not ask that')
      return act(window, ...args.parse(given))
    })
  }
}
