import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolderSync } from '../base/make-folder.ts'

/** Folders for files that are dragged out of the window: one a drag, readable by nobody else. */
export interface DragFolders {
  make(): string
  /** True for a file that lies directly in one of them. */
  holds(path: string): boolean
  /** Removes all. */
  clear(): void
}

/** How long whoever took a dragged file has to read it, in milliseconds. */
const KEEP = 10 * 60_000

/** Below `parent`, which holds nothing else: what a drag before left there is removed. */
export function openDragFolders(parent: string): DragFolders {
  const folders = new Set<string>()
  const remove = (folder: string): void => {
    folders.delete(folder)
    rmSync(folder, { recursive: true, force: true })
  }
  rmSync(parent, { recursive: true, force: true })
  return {
    make() {
      makeFolderSync(parent, 0o700)
      const folder = mkdtempSync(join(parent, 'drag-'))
      folders.add(folder)
      setTimeout(() => remove(folder), KEEP).unref()
      return folder
    },
    holds: (path) => folders.has(dirname(path)),
    clear() {
      folders.clear()
      rmSync(parent, { recursive: true, force: true })
    },
  }
}
