import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import type { PathGate } from '../api/gate.ts'
import { isWithin, realPath } from '../base/real-path.ts'

export interface Folders {
  /** Where files are saved, as Settings has it now. */
  saveFolder: () => Promise<string>
  /** Coffer's own. */
  own: string
  /** The person's home folder; this person's unless told. */
  person?: string
}

/** Where macOS and Windows keep what programs run or believe, in a person's home folder; elsewhere such names begin with a dot. */
const KEPT_BY_PROGRAMS = ['Library', 'AppData']

/**
 * A page in a browser names no path to read: what it has comes as streams. It writes into the folder that is chosen in
 * Settings and nowhere else, wherever links in it lead; and that folder cannot be one in which programs keep what they run
 * or believe: a hidden one, Coffer's own, the home folder itself, or one above it.
 */
export function pathGate({ saveFolder, own, person = homedir() }: Folders): PathGate {
  return {
    mayRead: () => false,
    async mayWrite(path) {
      const [folder, target] = await Promise.all([realPath(await saveFolder()), realPath(path)])
      return folder !== null && target !== null && isWithin(folder, target)
    },
    // Opened are folders whose root key is here; a page learns nothing of any other.
    mayOpenDataFolder: () => true,
    async mayBecomeSaveFolder(path) {
      const folder = await realPath(path)
      if (folder === null || folder.split(sep).some((name) => name.startsWith('.'))) return false
      const kept = [own, ...KEPT_BY_PROGRAMS.map((name) => join(person, name))]
      const [home, ...others] = await Promise.all([person, ...kept].map(realPath))
      if (typeof home !== 'string' || isWithin(folder, home)) return false
      return !others.some((other) => typeof other === 'string' && (isWithin(other, folder) || isWithin(folder, other)))
    },
  }
}
