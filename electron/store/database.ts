import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CofferError } from '../base/errors.ts'
import { transaction } from '../base/transaction.ts'
import { MIGRATIONS } from './migrations.ts'
import { touchPrivate } from './private-file.ts'

/** Milliseconds that one process waits while another one writes. */
const BUSY_TIMEOUT = 10_000

/**
 * Opens `coffer.db` in Coffer's folder, readable by its owner only, at the newest schema. Any number of processes may
 * have it open at once: readers never wait (WAL), writers take turns.
 * Throws LOCAL_IO if it cannot be opened and UNSUPPORTED if a newer Coffer made it.
 */
export function openDatabase(realHome: string): DatabaseSync {
  const path = join(realHome, 'coffer.db')
  try {
    // SQLite gives its -wal and -shm files the permissions of the database, so these are settled first.
    touchPrivate(path)
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
    try {
      prepare(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw new CofferError('LOCAL_IO', `Coffer's database ${path} cannot be opened.`, { cause })
  }
}

function prepare(db: DatabaseSync): void {
  useWriteAheadLog(db)
  db.exec('PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
  if (version(db) !== MIGRATIONS.length) migrate(db)
}

/** Switching to WAL answers "busy" at once, without the busy timeout, when two processes do it together (sqlite.org/wal.html). */
function useWriteAheadLog(db: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let left = 200; ; left--) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (left === 0) throw error
      Atomics.wait(pause, 0, 0, 25)
    }
  }
}

/** Takes the steps that are missing, all or none; the version is read again inside, where no other process can be at it. */
function migrate(db: DatabaseSync): void {
  transaction(db, () => {
    const from = version(db)
    if (from > MIGRATIONS.length) {
      throw new CofferError('UNSUPPORTED', "Coffer's database was made by a newer version of Coffer.", {
        hint: 'Update Coffer, or choose another folder: COFFER_HOME.',
      })
    }
    for (const step of MIGRATIONS.slice(from)) db.exec(step)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

function version(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}
