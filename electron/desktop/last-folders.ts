import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Preferences } from './preferences.ts'

/** Where the system's dialogs begin: where the person last was in one, if that is still there. */
export interface LastFolders {
  toOpen(): string | undefined
  opened(path: string): void
  /** `usual` is the folder for saved files in Settings: the last one counts until the person chooses another there. */
  toSave(usual: string): string
  saved(folder: string, usual: string): void
}

export function openLastFolders(preferences: Preferences): LastFolders {
  return {
    toOpen() {
      const { openFolder } = preferences.get()
      return openFolder !== undefined && existsSync(openFolder) ? openFolder : undefined
    },
    opened: (path) => preferences.set({ openFolder: dirname(path) }),
    toSave(usual) {
      const { saveFolder, usualSaveFolder } = preferences.get()
      return saveFolder !== undefined && usualSaveFolder === usual && existsSync(saveFolder) ? saveFolder : usual
    },
    saved: (folder, usual) => preferences.set({ saveFolder: folder, usualSaveFolder: usual }),
  }
}
