import type { PathGate } from './gate.ts'
import { isWithin, realPath } from '../base/real-path.ts'

/** A path that a person gave: `read` what they dropped or chose to open, `write` what they chose to save to. */
export interface Grant {
  way: 'read' | 'write'
  path: string
}

/** A gate that opens for what was granted and what lies below it, wherever links lead. */
export interface Grants extends PathGate {
  add(grant: Grant): Promise<void>
}

/** Nothing is granted at first. */
export function openGrants(): Grants {
  const granted = { read: new Set<string>(), write: new Set<string>() }

  const isGranted = async (way: Grant['way'], path: string): Promise<boolean> => {
    const target = await realPath(path)
    return target !== null && [...granted[way]].some((given) => isWithin(given, target))
  }
  return {
    async add({ way, path }) {
      const real = await realPath(path)
      if (real !== null) granted[way].add(real)
    },
    mayRead: (path) => isGranted('read', path),
    mayWrite: (path) => isGranted('write', path),
    // It is only where the system's dialog begins: nothing is written there that the person has not chosen in it.
    mayBecomeSaveFolder: () => true,
    mayOpenDataFolder: () => true,
  }
}
