import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/*
 * Node's own `mkdir` with `recursive` never returns where a folder answers "no such folder" to everything that is made in it
 * (Linux: /proc, a working directory that was removed). The asynchronous one holds a thread, so the process cannot end either.
 */

/** Makes a folder and those above it, with these permission bits; no error if it is there. Throws the system's own errors. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (await isFolder(path)) return
    const parent = dirname(path)
    if (!isMissing(error) || parent === path) throw error
    await makeFolder(parent, mode)
    await mkdir(path, mode).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again
    })
  }
}

/** The same by calls that wait. */
export function makeFolderSync(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if (isFolderSync(path)) return
    const parent = dirname(path)
    if (!isMissing(error) || parent === path) throw error
    makeFolderSync(parent, mode)
    try {
      mkdirSync(path, mode)
    } catch (again) {
      if (!isFolderSync(path)) throw again
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function isFolderSync(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
