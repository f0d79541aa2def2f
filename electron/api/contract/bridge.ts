/*
 * What the desktop app's preload script offers to its window, and what may be said between the two and the main process.
 * Small on purpose: everything else goes through the contract, over a port that leads past the main process.
 */

import type { UpdateOrder, UpdateState } from './updates.ts'

/** Something that a person dropped or picked. Its path has been granted. */
export interface Given {
  path: string
  name: string
  folder: boolean
  /** Of a file. */
  bytes: number | undefined
}

/** What a notification tells of, and a click on it shows. */
export type NotificationSubject =
  | { kind: 'transfer'; run: number }
  | { kind: 'folder'; place: string; bucket: string; prefix: string }
  | { kind: 'key'; id: string }

/** What a person chose of the app around the window. */
export interface AppSettings {
  startAtLogin: boolean
  /** Closing the window leaves Coffer in the tray. Undefined: the person has not been asked yet. */
  closeToTray: boolean | undefined
  /** False where the desktop shows no tray, or where closing a window never quits an app. */
  canCloseToTray: boolean
}

export interface Bridge {
  /** Asks for a port to Coffer. It comes to the window itself as a message (PORT_MESSAGE), since no port passes through here. */
  requestPort(): void
  /** What was dropped: only files that the system itself gave have a path, and only those are granted. */
  drop(files: File[]): Promise<Given[]>
  pick(what: 'files' | 'folder' | 'file'): Promise<Given[]>
  /**
   * Asks where to save a file of this name; the dialog begins in `folder`. `replaces` if a file is there and the person has
   * agreed that it goes. Null if they changed their mind.
   */
  savePath(folder: string, name: string): Promise<{ path: string; replaces: boolean } | null>
  saveFolder(folder: string): Promise<string | null>
  reveal(path: string): void
  /** Opens the log of the app in whatever shows such files. */
  openLog(): void
  /** A folder of its own for a file that is to be dragged out. It is removed a while after the last drag, and at quit. */
  dragFolder(): Promise<string>
  /** The file is in such a folder, and whole. */
  dragReady(path: string): Promise<void>
  /** Begins to drag it out; false if it is not there any more. */
  startDrag(path: string): Promise<boolean>
  /** Removes such a folder: its file could not be fetched. */
  dropDragFolder(folder: string): void
  /** Unless the window is in front. */
  notify(title: string, text: string, about?: NotificationSubject): void
  /** Calls `listener` when the person clicks a notification. */
  onShow(listener: (about: NotificationSubject) => void): void
  appSettings(): Promise<AppSettings>
  /** Changes what is named and answers how it is then. */
  setAppSettings(changes: { startAtLogin?: boolean; closeToTray?: boolean }): Promise<AppSettings>
  setTheme(theme: 'system' | 'light' | 'dark'): void
  /** The names and versions of what the window runs on. */
  runtime: string
  /** Takes one step of an update, or looks where it is. */
  update(order: UpdateOrder): Promise<UpdateState>
  /** Calls `listener` with each step of an update. */
  onUpdate(listener: (state: UpdateState) => void): void
  /** The file that the person opened Coffer with; null if there is none. */
  openedFile(): Promise<Given | null>
  /** The window is done with it. */
  forgetOpenedFile(path: string): void
  /** Calls `listener` when there is another. */
  onOpenedFile(listener: () => void): void
  /** Calls `listener` with the id of each command that is chosen in the menu. */
  onCommand(listener: (id: string) => void): void
}

/** The `data` of the message that brings the port. */
export const PORT_MESSAGE = 'coffer-port'
