import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { databaseFailure } from '../base/database-failure.ts'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { transaction } from '../base/transaction.ts'
import { MIGRATIONS } from './migrations.ts'
import { touchPrivate } from './private-file.ts'

/** Milliseconds that one process waits while another one writes, and for a database that is kept locked. */
const BUSY_TIMEOUT = 10_000

/**
 * Opens `coffer.db` in Coffer's folder, readable by its owner only, at the newest schema. Any number of processes may
 * have it open at once: readers never wait (WAL), writers take turns.
 * Throws UNSUPPORTED if a newer Coffer made it, DATABASE_DAMAGED, DATABASE_BUSY if another program does not let go of it,
 * DISK_FULL, and LOCAL_IO if it cannot be read or written.
 */
export function openDatabase(realHome: string, { patience = BUSY_TIMEOUT } = {}): DatabaseSync {
  const path = join(realHome, 'coffer.db')
  try {
    // SQLite gives its -wal and -shm files the permissions of the database, so these are settled first.
    touchPrivate(path)
    const db = new DatabaseSync(path, { timeout: patience })
    try {
      prepare(db, patience)
      opened.set(db, inodeOf(path))
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw databaseFailure(cause, path) ?? cannotOpen(cause, path)
  }
}

function cannotOpen(cause: unknown, path: string): CofferError {
  const failure = describeLocalFailure(cause, path)
  if (failure.code === 'DISK_FULL') return failure
  return new CofferError('LOCAL_IO', `Coffer's database cannot be opened. ${failure.message}`, {
    cause,
    hint: 'Check who may write in this folder, or choose another one: COFFER_HOME.',
    facts: failure.facts,
  })
}

/**
 * Throws LOCAL_IO if the database is not the file any more that was opened: the folder was removed, or put back from a backup,
 * and what was written since is in a file that nobody will find.
 */
export function requireInPlace(db: DatabaseSync): void {
  const path = db.location()
  const inode = opened.get(db)
  if (path === null || inode === undefined || inodeOf(path) === inode) return
  throw new CofferError('LOCAL_IO', `Coffer's database ${path} was removed or replaced while Coffer used it.`, {
    hint: 'What Coffer has written down meanwhile is lost. What was put is in its bucket; keys are where keys are kept.',
  })
}

/** The file of each open database, as it was opened. */
const opened = new WeakMap<DatabaseSync, bigint | null>()

function inodeOf(path: string): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null
}

function prepare(db: DatabaseSync, patience: number): void {
  useWriteAheadLog(db, patience)
  db.exec('PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
  if (version(db) !== MIGRATIONS.length) migrate(db)
}

/** Switching to WAL answers "busy" at once, without the busy timeout, when two processes do it together (sqlite.org/wal.html). */
function useWriteAheadLog(db: DatabaseSync, patience: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const deadline = performance.now() + patience
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (databaseFailure(error)?.code !== 'DATABASE_BUSY' || performance.now() > deadline) throw error
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
