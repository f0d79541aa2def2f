import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { syncFolder } from '../durable-file.ts'
import { fileIdentity } from '../file-identity.ts'
import { setAside, setDatabaseAside } from '../found.ts'
import type { Database } from './database.ts'
import { openCommitLog, type CommitLog } from './log/commit-log.ts'
import { listLog, logFolder, readEnd, type LogEnd, type LogFiles } from './log/log-folder.ts'
import { replayInto, replayTail } from './log/replay.ts'
import { removeUnfinishedSnapshots, writeSnapshot } from './log/snapshot.ts'
import { inspectDatabase, isSound, removeDatabase, type FoundDatabase } from './inspect-database.ts'
import { migrate } from './schema.ts'

/** Why the index was made anew. */
export type RebuildReason = 'lost' | 'damaged' | 'copied' | 'older' | 'asked'

export interface IndexReport {
  /** Undefined: the database that was there could be used. */
  rebuilt: RebuildReason | undefined
  /** Where the database is now that could not be used. */
  setAside: string | null
  /** The log had frames that are damaged or missing. */
  logDamaged: boolean
}

export interface IndexOptions {
  dataDir: string
  /** 32 bytes; seals the log. */
  logKey: Buffer
  /** Make the index anew, whatever state it is in. */
  rebuild: boolean
  /** There are content files, so that an index that is not there is lost. */
  hasContent: () => boolean
  /** Called before something that may take minutes. */
  onSlow: () => void
}

/**
 * Settles `s3.db`: uses it where it and the log agree, lets it follow what the log has more, and otherwise makes it anew from
 * the log. Nothing that cannot be used is deleted. The log is ready for the next commit then.
 */
export async function openIndex(options: IndexOptions): Promise<{ path: string; log: CommitLog; report: IndexReport }> {
  const { dataDir, logKey } = options
  const path = join(dataDir, 's3.db')
  const files = listLog(logFolder(dataDir))
  removeUnfinishedSnapshots(files.folder)
  removeDatabase(stagedIndex(path))
  const settled = settle(options, path, files, readEnd(files, logKey))
  const { report, seq } = settled
  const log = openCommitLog(settled.isLogUsable ? files : { ...files, logs: [] }, logKey, seq, settled.logId)
  own(path, seq, log.id)
  if (settled.isLogUsable) return { path, log, report }
  options.onSlow()
  log.rotate()
  await writeSnapshot({ path, folder: files.folder, logKey, logId: log.id, seq })
  if (report.logDamaged) {
    for (const { path: damaged } of [...files.logs, ...(files.snapshot ? [files.snapshot] : [])])
      setAside(dataDir, damaged)
  }
  return { path, log, report }
}

interface Settled {
  report: IndexReport
  /** The last commit that the database has. */
  seq: number
  logId: string | undefined
  /** The log ends where the database stands, and yields it. Otherwise it begins anew, with a snapshot. */
  isLogUsable: boolean
}

/** The index is damaged, and there is nothing to make it anew from without losing what it still holds. */
export class IndexDamagedError extends Error {
  constructor() {
    super('The index s3.db is damaged, and there is no log to make it anew from')
    this.name = 'IndexDamagedError'
  }
}

const AS_IT_WAS: IndexReport = { rebuilt: undefined, setAside: null, logDamaged: false }

function settle(options: IndexOptions, path: string, files: LogFiles, end: LogEnd): Settled {
  const hasLog = files.logs.length > 0 || files.snapshot !== undefined
  const found = existsSync(path) ? inspectDatabase(path) : 'lost'
  if (found === 'lost' && !hasLog && !options.hasContent()) return fresh(path)
  if (found === 'damaged' && !hasLog && !options.rebuild) throw new IndexDamagedError()
  if (typeof found === 'object' && found.isOwn && !options.rebuild) {
    if (found.isLegacy && !hasLog) return { report: AS_IT_WAS, seq: 0, logId: undefined, isLogUsable: false }
    if (!found.isLegacy && found.seq === end.lastSeq) return usable(found, end)
    const followed = found.isLegacy ? null : follow(options, path, files, found, end)
    if (followed) return followed
  }
  return makeAnew(options, path, files, end, found)
}

function fresh(path: string): Settled {
  const sql = new DatabaseSync(path)
  migrate(sql)
  sql.close()
  return { report: AS_IT_WAS, seq: 0, logId: undefined, isLogUsable: true }
}

function usable({ logId }: FoundDatabase, { lastSeq, isDamaged }: LogEnd): Settled {
  return { report: AS_IT_WAS, seq: lastSeq, logId, isLogUsable: !isDamaged }
}

/** The log has more, as after a power cut: the database follows. Or the log has less: it is older, and begins anew. */
function follow(
  { logKey, onSlow }: IndexOptions,
  path: string,
  files: LogFiles,
  found: FoundDatabase,
  { lastSeq }: LogEnd,
): Settled | null {
  onSlow()
  if (!isSound(path)) return null
  if (found.seq > lastSeq) return { report: AS_IT_WAS, seq: found.seq, logId: found.logId, isLogUsable: false }
  const sql = new DatabaseSync(path)
  try {
    sql.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF')
    const end = replayTail(sql, files, logKey, found.seq)
    return end && usable(found, end)
  } finally {
    sql.close()
  }
}

function makeAnew(
  { dataDir, logKey, rebuild, onSlow }: IndexOptions,
  path: string,
  files: LogFiles,
  { lastSeq }: LogEnd,
  found: FoundDatabase | 'lost' | 'damaged',
): Settled {
  onSlow()
  const staged = stagedIndex(path)
  const replayed = replayInto(staged, files, logKey)
  const rebuilt = reasonOf(found, rebuild)
  const logDamaged = replayed.isDamaged
  if (typeof found === 'object' && (found.seq > lastSeq || (logDamaged && found.seq === lastSeq)) && isSound(path)) {
    // The database has what the log has lost.
    removeDatabase(staged)
    return { report: { rebuilt, logDamaged, setAside: null }, seq: found.seq, logId: found.logId, isLogUsable: false }
  }
  const aside = setDatabaseAside(dataDir, path)
  renameSync(staged, path)
  syncFolder(dataDir)
  const logId = typeof found === 'object' ? found.logId : undefined
  return { report: { rebuilt, logDamaged, setAside: aside }, seq: replayed.lastSeq, logId, isLogUsable: !logDamaged }
}

/** Where an index is made anew before it takes the place of the former one. */
function stagedIndex(path: string): string {
  return `${path}.new`
}

function reasonOf(found: FoundDatabase | 'lost' | 'damaged', rebuild: boolean): RebuildReason {
  if (typeof found === 'string') return found
  if (!found.isOwn) return 'copied'
  return rebuild ? 'asked' : 'older'
}

/** Notes how far the database is, that it is this very file, and that a server has it: in the file itself, for its copies. */
function own(path: string, seq: number, logId: string): void {
  const sql = new DatabaseSync(path)
  try {
    sql.exec('PRAGMA journal_mode = WAL')
    migrate(sql)
    sql.exec('BEGIN IMMEDIATE; DELETE FROM log_state')
    sql.prepare('INSERT INTO log_state VALUES (?, ?, ?, 0)').run(seq, logId, fileIdentity(path))
    sql.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    sql.close()
  }
}

/** Notes that all of a database is written, right before it is closed. */
export function disown({ sql }: Pick<Database, 'sql'>): void {
  sql.exec('UPDATE log_state SET clean = 1')
}
