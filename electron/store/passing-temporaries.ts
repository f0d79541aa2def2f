import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { transaction } from '../base/transaction.ts'
import type { Owner } from './owner.ts'

/**
 * Temporaries that are worth nothing to anybody once their process has ended. There are too many, for too short a time, to
 * write each down: it is their folders that are, and by its name each says whose it was.
 */
export interface PassingTemporaries {
  /** A name beside `path`, once it is written down where to look for it. */
  temporaryFor(path: string): Promise<string>
  /** The same for one that is written down by itself. */
  nameFor(path: string): string
  /** Removes what a process that is gone has left, but for what `isKept`. Throws the system's own errors. */
  sweep(isGone: (owner: string) => boolean, isKept: (path: string) => boolean): void
  /** Nothing is under way any more. */
  close(): void
}

export function openPassingTemporaries(db: DatabaseSync, owner: Owner): PassingTemporaries {
  const insert = db.prepare('INSERT INTO download_folders (owner, folder) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const select = db.prepare('SELECT owner, folder FROM download_folders')
  const remove = db.prepare('DELETE FROM download_folders WHERE owner = ? AND folder = ?')
  const removeAll = db.prepare('DELETE FROM download_folders WHERE owner = ?')
  const noted = new Map<string, Promise<void>>()
  let waiting: string[] = []
  let writing: Promise<void> | null = null
  let named = 0

  const nameFor = (path: string): string =>
    join(dirname(path), `.coffer-${owner.id}${(named++).toString(16).padStart(8, '0')}.part`)

  /** Those of many files that begin together are written in one go. */
  const note = (folder: string): Promise<void> => {
    waiting.push(folder)
    return (writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      const folders = waiting
      waiting = []
      writing = null
      owner.live()
      transaction(db, () => folders.forEach((each) => insert.run(owner.id, each)))
    }))
  }

  return {
    nameFor,
    async temporaryFor(path) {
      const folder = dirname(path)
      const writes = noted.get(folder) ?? note(folder)
      noted.set(folder, writes)
      writes.catch(() => noted.delete(folder))
      await writes
      return nameFor(path)
    },
    sweep(isGone, isKept) {
      for (const row of select.all() as { owner: string; folder: string }[]) {
        // A folder may be on a disk that is not there today.
        if (!isGone(row.owner) || !existsSync(row.folder)) continue
        const isTheirs = new RegExp(`^\\.coffer-${row.owner}[0-9a-f]{8}\\.part$`)
        for (const name of readdirSync(row.folder)) {
          const path = join(row.folder, name)
          if (isTheirs.test(name) && !isKept(path)) rmSync(path, { force: true })
        }
        remove.run(row.owner, row.folder)
      }
    },
    close() {
      if (noted.size > 0) removeAll.run(owner.id)
    },
  }
}
