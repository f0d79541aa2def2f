import { constants, DatabaseSync } from 'node:sqlite'
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { migrate } from '../schema.ts'
import { readCommits, readSnapshot, type LogEnd, type LogFiles } from './log-folder.ts'

/** Commits that are applied in one transaction. */
const BATCH = 500

/** Makes a database out of a log, at `path`, where nothing may be. Damage is passed over and told. */
export function replayInto(path: string, files: LogFiles, logKey: Buffer): LogEnd {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  const sql = new DatabaseSync(path)
  sql.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF')
  migrate(sql)
  const apply = applier(sql)
  let isDamaged = false
  if (files.snapshot) {
    const frames = readSnapshot(files.snapshot, logKey)
    let next = frames.next()
    for (; next.done !== true; next = frames.next()) apply(next.value.payload)
    isDamaged = !next.value
  }
  const end = applyCommits(files, logKey, files.snapshot?.seq ?? 0, apply)
  apply.finish()
  sql.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  sql.close()
  syncFile(path)
  return { lastSeq: end.lastSeq, isDamaged: isDamaged || end.isDamaged || apply.conflicts() > 0 }
}

/**
 * Brings a database up to the end of its log. Returns null, and changes nothing, if the log does not continue where the
 * database stands.
 */
export function replayTail(sql: DatabaseSync, files: LogFiles, logKey: Buffer, after: number): LogEnd | null {
  if (after < (files.snapshot?.seq ?? 0)) return null
  const apply = applier(sql, Infinity)
  const end = applyCommits(files, logKey, after, apply)
  if (end.isDamaged || apply.conflicts() > 0) {
    if (sql.isTransaction) sql.exec('ROLLBACK')
    return null
  }
  apply.finish()
  return end
}

interface Apply {
  (patchset: Uint8Array): void
  finish(): void
  /** Changes that did not fit: frames before them are missing. */
  conflicts(): number
}

function applyCommits(files: LogFiles, logKey: Buffer, after: number, apply: Apply): LogEnd {
  const frames = readCommits(files, logKey, after)
  let next = frames.next()
  for (; next.done !== true; next = frames.next()) apply(next.value.payload)
  return next.value
}

function applier(sql: DatabaseSync, batch = BATCH): Apply {
  let [waiting, conflicts] = [0, 0]
  const onConflict = (kind: number): number => {
    conflicts++
    const isThere = kind === constants.SQLITE_CHANGESET_CONFLICT || kind === constants.SQLITE_CHANGESET_DATA
    return isThere ? constants.SQLITE_CHANGESET_REPLACE : constants.SQLITE_CHANGESET_OMIT
  }
  const finish = (): void => {
    if (sql.isTransaction) sql.exec('COMMIT')
    waiting = 0
  }
  const apply = (patchset: Uint8Array): void => {
    if (!sql.isTransaction) sql.exec('BEGIN IMMEDIATE')
    sql.applyChangeset(patchset, { onConflict })
    if (++waiting >= batch) finish()
  }
  return Object.assign(apply, { finish, conflicts: () => conflicts })
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
