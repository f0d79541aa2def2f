import type { DatabaseSync } from 'node:sqlite'

/**
 * Runs `work` as one write transaction: what it did is kept if it returns and undone if it throws. Within another one it is
 * part of that, which then has to throw as well.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  if (db.isTransaction) return work()
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
