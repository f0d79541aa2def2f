import { dirname } from 'node:path'
import type { NativeImage, WebContents } from 'electron'
import type { DragFolders } from './drag-folders.ts'
import { dragIcon } from './drag-icon.ts'
import type { GrantBook } from './grants.ts'

/** Drags of files out of the window. */
export interface DragOut {
  /** A new folder that the engine may write the file into. */
  folder(): Promise<string>
  /** The file is there and whole: finds its icon, so that nothing has to be waited for when the person drags. */
  ready(path: string): Promise<void>
  /** Begins the system's drag; false for a file that is not ready, or not there any more. */
  start(page: WebContents, path: string): boolean
  remove(folder: string): void
}

export function openDragOut(folders: DragFolders, book: GrantBook): DragOut {
  const icons = new Map<string, NativeImage>()
  return {
    async folder() {
      const folder = folders.make()
      await book.give('write', folder)
      return folder
    },
    async ready(path) {
      if (!folders.holds(path)) return
      icons.set(dirname(path), await dragIcon(path))
      folders.keep(path)
    },
    start(page, path) {
      const icon = icons.get(dirname(path))
      if (icon === undefined || !folders.holds(path)) return false
      folders.keep(path)
      page.startDrag({ file: path, icon })
      return true
    },
    remove: (folder) => folders.remove(folder),
  }
}
