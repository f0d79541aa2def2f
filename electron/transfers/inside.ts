import { lstatSync, type Stats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { errnoOf } from '../base/local-failure.ts'

/** Which folder it is, whatever its name leads to by now. */
interface FolderIdentity {
  dev: number
  ino: number
}

/**
 * Looks at the folders between one that a person named and a file below it. Whoever could write there before, or the bucket
 * that chose the file's name, may have put a link in the way; what is written through it would land anywhere. Null if the
 * last of the folders is not there yet. Throws INVALID_INPUT for a link, and the system's own errors.
 */
export async function requireInside(root: string, path: string): Promise<FolderIdentity | null> {
  let last: Stats | null = null
  for (const folder of foldersBetween(root, path)) {
    last = await lstat(folder).catch(nullIfMissing)
    if (last === null) return null
    refuseLink(last, folder)
  }
  return last
}

/** The same for whoever waits. */
export function requireInsideSync(root: string, path: string): FolderIdentity | null {
  let last: Stats | null = null
  for (const folder of foldersBetween(root, path)) {
    last = lstatSync(folder, { throwIfNoEntry: false }) ?? null
    if (last === null) return null
    refuseLink(last, folder)
  }
  return last
}

/** Throws INVALID_INPUT if the folder of a file is another one than it was when its temporary was made. */
export function refuseMoved(before: FolderIdentity | null, now: FolderIdentity | null, path: string): void {
  if (before === null && now === null) return
  if (before?.dev === now?.dev && before?.ino === now?.ino) return
  throw new CofferError('INVALID_INPUT', `The folder was replaced while a file was written into it: ${dirname(path)}`)
}

/** Outermost first; the named one itself may be a link, for a person has chosen it. */
function foldersBetween(root: string, path: string): string[] {
  const names = relative(root, dirname(path)).split(sep).filter(Boolean)
  return names.map((_, at) => join(root, ...names.slice(0, at + 1)))
}

function refuseLink(found: Stats, folder: string): void {
  if (!found.isSymbolicLink()) return
  throw new CofferError('INVALID_INPUT', `This is a link, and Coffer saves nothing through it: ${folder}`, {
    hint: 'Remove the link, or save into the folder that it leads to.',
    facts: { path: folder },
  })
}

function nullIfMissing(error: unknown): null {
  if (errnoOf(error) === 'ENOENT') return null
  throw error
}
