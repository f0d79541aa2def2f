import type { AppSettings, NotificationSubject } from '../electron/api/contract/bridge.ts'
import type { UpdateOrder, UpdateState } from '../electron/api/contract/updates.ts'
import type { Drags } from './state/drag-out.ts'

/** Something a person dropped or picked. The window never sees its content, only this handle to it. */
export interface Taken {
  /** For the contract: a path in the desktop app; in a browser `stream:ID` for each file. */
  refs: string[]
  name: string
  folder: boolean
  /** Files in it, as far as they are known at once. */
  files: number
  /** Bytes; undefined where they are not known yet. */
  bytes: number | undefined
  /** True if the host was not told of empty folders in it, as by a browser's own dialog. */
  withoutEmptyFolders?: boolean
}

/** A small file that is taken in at once: a key or a recovery kit. */
export type TakenFile = { path: string } | { base64: string }

/** `replaces`: a file is there, and the person has agreed in the system's dialog that it goes. */
export interface SavePath {
  path: string
  replaces: boolean
}

/**
 * What a host does for the window besides the contract. The desktop app has the system's dialogs; in a browser, saving goes
 * to the folder chosen in Settings.
 */
export interface Host {
  readonly kind: 'desktop' | 'browser'
  /** What was dropped. Must be called in the drop event itself: the browser empties it afterwards. */
  takeDrop(drop: DataTransfer): Promise<Taken[]>
  pick(what: 'files' | 'folder'): Promise<Taken[]>
  pickFile(): Promise<TakenFile | null>
  /** Where a file of this name goes; null if the person changed their mind. */
  savePath(name: string): Promise<SavePath | null>
  /** The folder for several files; null if the person changed their mind. */
  saveFolder(): Promise<string | null>
  /** Shows a saved file in the system's file manager; undefined where there is none. */
  reveal?(path: string): void
  /** Opens the log of the app; undefined where there is none. */
  openLog?(): void
  /** Drags files out of the window; undefined where the host cannot. */
  drags?: Drags
  /** Shows a notification of the system, unless the window is in front; a click on it shows the window. */
  notify?(title: string, text: string, about?: NotificationSubject): void
  /** Calls `listener` when the person clicks a notification. */
  onShow?(listener: (about: NotificationSubject) => void): void
  /**
   * Whether `notify` is heard; with `ask`, after the browser has asked the person, which it does on a press only. Undefined
   * where nobody has to be asked.
   */
  mayNotify?(ask: boolean): Promise<boolean>
  /** What the system draws around the window follows the theme. */
  setTheme?(theme: 'system' | 'light' | 'dark'): void
  /** The names and versions of what the window runs on, where the app brings it. */
  runtime?: string
  /** Takes one step of an update of the app, or looks where it is. Undefined where nothing can be updated from here. */
  update?(order: UpdateOrder): Promise<UpdateState>
  onUpdate?(listener: (state: UpdateState) => void): void
  /** The file that the person opened Coffer with; null if there is none. Undefined where none can be. */
  openedFile?(): Promise<{ path: string } | null>
  /** The window is done with it. */
  forgetOpenedFile?(path: string): void
  /** Calls `listener` when there is another. */
  onOpenedFile?(listener: () => void): void
  /** Calls `listener` with the id of each command that is chosen in the system's menu. */
  onCommand?(listener: (id: string) => void): void
  /** How the app around the window behaves, and the way to change it; undefined where there is no app. */
  appSettings?(changes?: { startAtLogin?: boolean; closeToTray?: boolean }): Promise<AppSettings>
}
