import { existsSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { makeFolderSync } from '../base/make-folder.ts'

/** Holds what the server does not know or cannot use: it moves such files here and never deletes them. */
export function foundFolder(dataDir: string): string {
  return join(dataDir, 'found')
}

/** In `found/`: what a rebuild could not use, or did not need. */
export function leftFolder(dataDir: string): string {
  return join(foundFolder(dataDir), 'left')
}

/** Moves a file into `found/`, under a name that is free there. Returns that path; null if the file is not there. */
export function setAside(dataDir: string, path: string, folder = foundFolder(dataDir)): string | null {
  if (!existsSync(path)) return null
  makeFolderSync(folder, 0o700)
  const target = freeName(join(folder, basename(path)))
  renameSync(path, target)
  return target
}

/** The same for a SQLite database with its write-ahead log, under one name. */
export function setDatabaseAside(dataDir: string, path: string): string | null {
  const target = setAside(dataDir, path)
  for (const suffix of ['-wal', '-shm']) {
    if (!existsSync(path + suffix)) continue
    if (target === null) setAside(dataDir, path + suffix)
    else renameSync(path + suffix, target + suffix)
  }
  return target
}

function freeName(path: string): string {
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? path : `${path}.${String(number)}`
    if (!existsSync(candidate)) return candidate
  }
}
