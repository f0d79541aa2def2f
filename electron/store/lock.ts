import { existsSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { databaseFailure } from '../base/database-failure.ts'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { touchPrivate } from './private-file.ts'

/** Milliseconds between two tries. */
const PAUSE = 40

/** Keeps the garbage collector, which closes databases that nobody can reach, from letting go of a lock. */
const held = new Set<DatabaseSync>()

/**
 * Runs `work` while no other process or call holds the lock file at `path`. The lock is SQLite's own on an otherwise empty
 * database, so the system lets go of it when its holder dies, on every system that Coffer runs on: none is ever stale.
 * Throws LOCAL_IO if the lock is not to be had within `patience` milliseconds, or cannot be used at all.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, patience = 60_000): Promise<T> {
  const db = await acquire(path, patience)
  held.add(db)
  try {
    return await work()
  } finally {
    held.delete(db)
    db.close()
  }
}

/** Takes the lock file at `path` at once, until it is disposed of; null while another process or call holds it. */
export function tryLock(path: string): Disposable | null {
  try {
    const db = tryAcquire(path)
    held.add(db)
    return {
      [Symbol.dispose]() {
        held.delete(db)
        db.close()
      },
    }
  } catch (cause) {
    if (isBusy(cause)) return null
    throw cannotLock(cause, path)
  }
}

/**
 * True while another process holds the lock file at `path` exclusively; false if there is no such file. Not for a file that
 * this process itself holds.
 */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    throw error
  } finally {
    db.close()
  }
}

/**
 * Removes the lock file at `path`, with SQLite's journal of it, unless it is held. It is removed while this process holds it,
 * and whoever locks a file makes sure afterwards that it is still the one at its path.
 */
export function removeUnheldLock(path: string): void {
  const lock = existsSync(path) ? tryLock(path) : undefined
  if (lock === null) return
  rmSync(path, { force: true })
  lock?.[Symbol.dispose]()
  rmSync(`${path}-journal`, { force: true })
}

async function acquire(path: string, patience: number): Promise<DatabaseSync> {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      return tryAcquire(path)
    } catch (cause) {
      if (isBusy(cause) && Date.now() < deadline) {
        await sleep(PAUSE)
        continue
      }
      if (!isBusy(cause)) throw cannotLock(cause, path)
      throw new CofferError('LOCAL_IO', `The lock ${path} cannot be had.`, {
        cause,
        hint: 'Wait for the other Coffer to finish, or end it.',
      })
    }
  }
}

function tryAcquire(path: string): DatabaseSync {
  for (;;) {
    touchPrivate(path)
    const before = statSync(path, { throwIfNoEntry: false })
    const db = new DatabaseSync(path, { timeout: 0 })
    try {
      db.exec('BEGIN EXCLUSIVE')
    } catch (error) {
      db.close()
      throw error
    }
    // A file that was removed meanwhile is another one than those see who come later.
    if (before !== undefined && statSync(path, { throwIfNoEntry: false })?.ino === before.ino) return db
    db.close()
  }
}

/** The folder is gone or read-only, or its disk is full. */
function cannotLock(cause: unknown, path: string): CofferError {
  const failure = databaseFailure(cause, path) ?? describeLocalFailure(cause, path)
  if (failure.code === 'DISK_FULL') return failure
  return new CofferError('LOCAL_IO', `The lock ${path} cannot be had. ${failure.message}`, {
    cause,
    hint: 'Check that the folder is there and can be written.',
  })
}

/** SQLITE_BUSY (5) and SQLITE_LOCKED (6), with their extended codes (sqlite.org/rescode.html). */
function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return false
  return [5, 6].includes(Number(error.errcode) & 0xff)
}
