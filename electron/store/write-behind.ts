import type { DatabaseSync } from 'node:sqlite'
import { databaseFailure } from '../base/database-failure.ts'
import { transaction } from '../base/transaction.ts'

/** How long what may wait does, in milliseconds. Each transaction waits for the disk; thousands of small files would, too. */
const DELAY = 25

/**
 * Writes that may wait for a moment, so that many of them share one transaction. A crash loses those of the last moment: for
 * what is remembered as a help, not for what is owed.
 */
export interface WriteBehind {
  later: (write: () => void) => void
  /** Does at once what is waiting, in order. Whoever reads what may be waiting calls it first. */
  flush: () => void
}

const open = new WeakMap<DatabaseSync, WriteBehind>()

/** Of a database there is one, so that its writes stay in order. */
export function writeBehind(db: DatabaseSync): WriteBehind {
  const known = open.get(db) ?? create(db)
  open.set(db, known)
  return known
}

function create(db: DatabaseSync): WriteBehind {
  let waiting: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let failure: { error: unknown } | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const writes = waiting
    waiting = []
    if (writes.length === 0) return
    try {
      transaction(db, () => writes.forEach((write) => write()))
    } catch (error) {
      throw databaseFailure(error, db.location() ?? undefined) ?? error
    }
  }

  /** Nobody waits for this one: what it throws is the next caller's. */
  function flushInTime(): void {
    try {
      if (db.isOpen) flush()
    } catch (error) {
      failure = { error }
    }
  }

  function throwFailure(): void {
    const failed = failure
    failure = undefined
    if (failed !== undefined) throw failed.error
  }

  return {
    later(write) {
      throwFailure()
      waiting.push(write)
      timer ??= setTimeout(flushInTime, DELAY)
    },
    flush() {
      throwFailure()
      flush()
    },
  }
}
