import { lstatSync } from 'node:fs'
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { makeFolderSync } from './make-folder.ts'

/**
 * Keeps the program as Node compiled it, in Coffer's own folder, so that the next command need not compile it: a fifth of its
 * start. What lies there is run, so that nobody else may be able to write it; a folder that is not there yet, or not this
 * person's alone, is let be.
 */
export function keepCompiled(home: string): void {
  const folder = join(home, 'compiled')
  try {
    if (!isOwn(home)) return
    makeFolderSync(folder, 0o700)
    if (isOwn(folder)) enableCompileCache(folder)
  } catch {
    // It starts without.
  }
}

/** The environment of a thread that shall use what is kept. */
export function withCompiled(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir()
  return folder === undefined ? env : { ...env, NODE_COMPILE_CACHE: dirname(folder) }
}

/** Where there are no such owners (Windows), the folder lies where only this person may write. */
function isOwn(folder: string): boolean {
  const { uid, mode } = lstatSync(folder)
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o170022) === 0o040000)
}
