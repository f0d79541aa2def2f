import { existsSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileIdentity } from '../file-identity.ts'

/** An index that was looked at. */
export interface FoundDatabase {
  /** The last commit that it has. */
  seq: number
  logId: string | undefined
  /**
   * It can be trusted to be what a server has written: it is the file that it was made as, or a copy that was made while no
   * server ran. A copy that was made under load may be inconsistent without SQLite noticing it.
   */
  isOwn: boolean
  /** Written by a version of Coffer that had no log. */
  isLegacy: boolean
}

/** Up to this size a start checks every page; beyond it, that would hold up whoever waits for the server. */
const SMALL_BYTES = 4 << 20

/** Looks at an index without changing it. */
export function inspectDatabase(path: string): FoundDatabase | 'damaged' {
  // A log of SQLite's own next to it: the server did not end by itself, and either file may have been exchanged since.
  const isSuspect = existsSync(suspectMark(path)) || (sizeOf(`${path}-wal`) ?? 0) > 0
  try {
    if ((isSuspect || statSync(path).size <= SMALL_BYTES) && !isSound(path)) return 'damaged'
    rmSync(suspectMark(path), { force: true })
    const sql = new DatabaseSync(path)
    try {
      const hasLog = sql.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_state'").get() !== undefined
      const state = hasLog ? sql.prepare('SELECT * FROM log_state').get() : undefined
      if (!state) return { seq: 0, logId: undefined, isOwn: true, isLegacy: true }
      const isOwn = state['file'] === fileIdentity(path) || state['clean'] === 1
      return { seq: Number(state['seq']), logId: String(state['log']), isOwn, isLegacy: false }
    } finally {
      sql.close()
    }
  } catch {
    return 'damaged'
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}

/** Whether SQLite finds nothing wrong with a database: all of its pages are read. */
export function isSound(path: string): boolean {
  try {
    const sql = new DatabaseSync(path)
    try {
      const [verdict] = Object.values(sql.prepare('PRAGMA integrity_check(1)').get() ?? {})
      return verdict === 'ok'
    } finally {
      sql.close()
    }
  } catch {
    return false
  }
}

/** Next to an index that turned out to be damaged while it was used: the next start checks all of it. */
export function suspectMark(path: string): string {
  return `${path}.suspect`
}

/** Removes a database that only this process has used. */
export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}
