import type { DatabaseSync } from 'node:sqlite'

/**
 * Runs `work` as one write transaction: what it did is kept if it returns and undone if it throws. Within another one it is
 * a part of that: undone alone if it throws, kept with the whole.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  const [begin, keep, undo] = db.isTransaction ? WITHIN : WHOLE
  db.exec(begin)
  try {
    const result = work()
    db.exec(keep)
    return result
  } catch (error) {
    // On a full disk, and some other failures, SQLite has undone all of it by itself (sqlite.org/lang_transaction.html, 3.1).
    if (db.isTransaction) db.exec(undo)
    throw error
  }
}

const WHOLE = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const
const WITHIN = ['SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part'] as const
