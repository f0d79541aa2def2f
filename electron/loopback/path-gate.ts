import { realpath } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { PathGate } from '../api/gate.ts'

/**
 * A page in a browser names no path to read: what it has comes as streams. It writes into the folder that is chosen in
 * Settings and nowhere else, wherever links in it lead; and that folder cannot be one in which programs keep what they run
 * or believe: a hidden one, the home folder itself, or one above it.
 */
export function pathGate(saveFolder: () => Promise<string>, home: string = homedir()): PathGate {
  return {
    mayRead: () => false,
    async mayWrite(path) {
      const [folder, target] = await Promise.all([realPath(await saveFolder()), realPath(path)])
      return folder !== null && target !== null && isWithin(folder, target)
    },
    async mayBecomeSaveFolder(path) {
      const [folder, own] = await Promise.all([realPath(path), realPath(home)])
      if (folder === null || own === null) return false
      return !isWithin(folder, own) && !folder.split(sep).some((name) => name.startsWith('.'))
    },
  }
}

/** Where a path leads; what does not exist yet is taken as it is called, below what does. Null for a path that is none. */
async function realPath(path: string): Promise<string | null> {
  if (!isAbsolute(path) || path.includes('\0')) return null
  const whole = resolve(path)
  try {
    return await realpath(whole)
  } catch (error) {
    const above = dirname(whole)
    if (above === whole || (error as NodeJS.ErrnoException).code !== 'ENOENT') return null
    const folder = await realPath(above)
    return folder === null ? null : join(folder, basename(whole))
  }
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
