import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolderSync } from '../base/make-folder.ts'

/** Folders for files that are dragged out of the window: one a file, readable by nobody else. */
export interface DragFolders {
  make(): string
  /** True for a file that is directly in one of them. */
  holds(path: string): boolean
  /** Whoever takes the file of this path has KEEP from now to read it. */
  keep(path: string): void
  remove(folder: string): void
  /** Removes those whose file is still being written: the page that asked for it is gone. */
  removeUnfinished(): void
  /** Removes all. */
  clear(): void
}

/** Milliseconds that a file stays after it came, and after each drag of it. */
const KEEP = 10 * 60_000

/** Below `parent`, which holds nothing else: what an earlier run of the app left there is removed. */
export function openDragFolders(parent: string): DragFolders {
  /** Each with the timer that removes it; undefined while its file is still being written. */
  const folders = new Map<string, NodeJS.Timeout | undefined>()
  const remove = (folder: string): void => {
    if (!folders.has(folder)) return
    clearTimeout(folders.get(folder))
    folders.delete(folder)
    rmSync(folder, { recursive: true, force: true })
  }
  const holds = (path: string): boolean => folders.has(dirname(path)) && existsSync(path)
  rmSync(parent, { recursive: true, force: true })
  return {
    make() {
      makeFolderSync(parent, 0o700)
      const folder = mkdtempSync(join(parent, 'drag-'))
      folders.set(folder, undefined)
      return folder
    },
    holds,
    keep(path) {
      if (!holds(path)) return
      const folder = dirname(path)
      clearTimeout(folders.get(folder))
      folders.set(folder, setTimeout(remove, KEEP, folder).unref())
    },
    remove,
    removeUnfinished() {
      for (const [folder, timer] of folders) if (timer === undefined) remove(folder)
    },
    clear() {
      for (const timer of folders.values()) clearTimeout(timer)
      folders.clear()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}
