import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { removeUnheldLock } from './lock.ts'
import { sweepPrivate } from './private-file.ts'

/** The lock file of one process or one run, or what SQLite puts next to it. */
const LOCK = /^((?:process-[0-9a-f]{8}|(rekey|transfer)-(\d+))\.lock)(?:-journal)?$/

/**
 * Removes what processes that died have left in Coffer's own folder: lock files, but for those of runs that can go on, and
 * files that were never finished.
 */
export function sweepHome(home: string, db: DatabaseSync): void {
  for (const name of readdirSync(home)) {
    const [, lock, kind, run] = LOCK.exec(name) ?? []
    if (lock === undefined || (kind !== undefined && isOpen(db, kind, Number(run)))) continue
    quietly(() => removeUnheldLock(join(home, lock)))
  }
  for (const folder of [home, join(home, 'secrets'), join(home, 'backups')]) quietly(() => sweepPrivate(folder))
}

/** True for a run that has not ended, which another process may be about to lock. */
function isOpen(db: DatabaseSync, kind: string, id: number): boolean {
  const table = kind === 'rekey' ? 'rekey_runs' : 'transfer_runs'
  return db.prepare(`SELECT 1 FROM ${table} WHERE id = ? AND ended_at IS NULL`).get(id) !== undefined
}

/** The next start tries again. */
function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // A folder that does not let go of a file is no reason not to start.
  }
}
