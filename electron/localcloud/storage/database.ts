import { DatabaseSync } from 'node:sqlite'
import type { CommitLog } from './log/commit-log.ts'
import { migrate } from './schema.ts'

export interface Database {
  /** For reads and for the work inside commit(). */
  sql: DatabaseSync
  /**
   * Runs synchronous work in a durable transaction and resolves once it is on disk. Work that waits at the same time
   * shares one transaction and one fsync; each is undone alone if it throws, and its promise rejects.
   */
  commit<T>(work: () => T): Promise<T>
  close(): void
}

/**
 * Opens or makes the metadata database. With a log, what a commit changed goes there and is synced there; the database
 * follows, and may be behind after a power cut. Without one, every commit is synced in the database's own journal.
 * `afterCommit` is called when a transaction has ended.
 */
export function openDatabase(path: string, log?: CommitLog, afterCommit: () => void = () => undefined): Database {
  const sql = new DatabaseSync(path)
  sql.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST')
  sql.exec(`PRAGMA synchronous = ${log ? 'NORMAL' : 'FULL'}`)
  migrate(sql)
  return { sql, commit: groupCommits(sql, log, afterCommit), close: () => sql.close() }
}

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

function groupCommits(sql: DatabaseSync, log: CommitLog | undefined, afterCommit: () => void): Database['commit'] {
  let queue: Waiting[] = []
  const transact = log ? logged(sql, log) : plain(sql)

  function run(): void {
    const group = queue
    queue = []
    let settlements: (() => void)[]
    try {
      settlements = transact(() => group.map((waiting) => attempt(sql, waiting)))
    } catch (error) {
      for (const waiting of group) waiting.reject(error)
      return
    }
    for (const settle of settlements) settle()
    afterCommit()
  }

  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (queue.length === 0) setImmediate(run)
      queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
    })
}

type Transact = <T>(work: () => T) => T

function plain(sql: DatabaseSync): Transact {
  return (work) => {
    try {
      sql.exec('BEGIN IMMEDIATE')
      const result = work()
      sql.exec('COMMIT')
      return result
    } catch (error) {
      rollBack(sql)
      throw error
    }
  }
}

/** The log comes first: once its frame is on disk, the commit has happened. */
function logged(sql: DatabaseSync, log: CommitLog): Transact {
  const follow = sql.prepare('UPDATE log_state SET seq = ?')
  return (work) => {
    let appended = false
    try {
      sql.exec('BEGIN IMMEDIATE')
      const { result, patchset } = recorded(sql, work)
      if (patchset.length > 0) {
        log.append(patchset)
        appended = true
        follow.run(log.lastSeq)
      }
      sql.exec('COMMIT')
      return result
    } catch (error) {
      rollBack(sql)
      if (appended) log.retract()
      throw error
    }
  }
}

/** Runs work and tells which rows it changed, as a patchset of SQLite's session extension. */
function recorded<T>(sql: DatabaseSync, work: () => T): { result: T; patchset: Uint8Array } {
  const session = sql.createSession()
  try {
    const result = work()
    return { result, patchset: session.patchset() }
  } finally {
    session.close()
  }
}

function rollBack(sql: DatabaseSync): void {
  if (sql.isOpen && sql.isTransaction) sql.exec('ROLLBACK')
}

/** Runs one member of the group; what it returns tells the member's promise once the group is on disk. */
function attempt(sql: DatabaseSync, { work, resolve, reject }: Waiting): () => void {
  sql.exec('SAVEPOINT member')
  try {
    const value = work()
    sql.exec('RELEASE member')
    return () => resolve(value)
  } catch (error) {
    // A full disk makes SQLite undo the whole transaction.
    if (!sql.isTransaction) throw error
    sql.exec('ROLLBACK TO member; RELEASE member')
    return () => reject(error)
  }
}
