import { open } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'

/**
 * Waits until all that was committed to the database before is on disk. Beside this process's other work, unlike SQLite's
 * own waiting, which stops it. In WAL mode a commit is in the log or, after a checkpoint, in the database, and a checkpoint
 * waits for the disk by itself (sqlite.org/pragma.html#pragma_synchronous, NORMAL). SQLite holds no lock on the log that
 * closing it here would drop: its locks are on the -shm file.
 */
export async function flushLog(db: DatabaseSync): Promise<void> {
  const path = db.location()
  if (path === null) return
  const log = await open(`${path}-wal`, 'r+')
  try {
    await log.datasync()
  } finally {
    await log.close()
  }
}
