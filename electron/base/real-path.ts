import { realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** Where a path leads; what does not exist yet is taken as it is called, below what does. Null for a path that is none. */
export async function realPath(path: string): Promise<string | null> {
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

/** True if `path` is `folder` or lies below it. Both are taken as they are called. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
