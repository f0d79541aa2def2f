import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** A file's content; null if there is none. */
export function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Writes a file's new content next to it and syncs it. `publish` puts it in the file's place, `discard` removes it. If
 * writing fails, nothing is left.
 */
export function stageFile(path: string, content: Uint8Array): { publish: () => void; discard: () => void } {
  const staged = stagedPath(path)
  const discard = (): void => removeStaged(path)
  try {
    writeFileSync(staged, content, { mode: 0o600, flush: true })
  } catch (error) {
    discard()
    throw error
  }
  return {
    publish: () => {
      renameSync(staged, path)
      syncFolder(dirname(path))
    },
    discard,
  }
}

function stagedPath(path: string): string {
  return `${path}.new`
}

/** Removes what a process that was killed has staged. */
export function removeStaged(path: string): void {
  rmSync(stagedPath(path), { force: true })
}

/** Replaces a file's content; after a crash it has the old or the new one, whole. */
export function replaceFile(path: string, content: Uint8Array): void {
  stageFile(path, content).publish()
}

/** Makes renames and removals in a folder durable. Windows cannot sync folders and need not: NTFS journals them. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** The system's name for why a call failed (`ENOENT`); undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
