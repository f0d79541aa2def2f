import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { openDatabase } from './database.ts'
import { readIfThere, removeStaged, replaceFile, stageFile } from './durable-file.ts'
import { fileIdentity } from './file-identity.ts'
import { setAside, setDatabaseAside } from './found.ts'
import { unwrap, wrap } from './wrap.ts'

export interface BackedUpOptions {
  dataDir: string
  /** The database is `NAME.db`, its backup `NAME.backup`. */
  name: string
  schema: string
  /** In an order in which rows can be inserted: what is referenced comes first. */
  tables: readonly string[]
  /** 32 bytes; the backup is sealed under it. */
  key: Buffer
  /** Another backup of this database, from a recovery kit. */
  kit?: Uint8Array | undefined
}

export interface BackedUpDatabase {
  db: DatabaseSync
  /**
   * Runs `work` as one transaction. The outermost one also replaces the backup: a change that returned is in both, one that
   * threw (for example because the disk is full) is in neither.
   */
  change: <T>(work: () => T) => T
  /** Why the rows were taken from a backup, if they were. */
  restored: Restored | undefined
  /** Neither the database nor a backup was there: it begins empty. */
  isFresh: boolean
}

/** `from`: a kit's copy where that is newer than the folder's. `setAside`: where the unusable database is now. */
export interface Restored {
  why: 'lost' | 'damaged' | 'copied' | 'older'
  from: 'backup' | 'kit'
  setAside: string | null
}

/** The database is damaged and no backup of it is at hand. */
export class NoBackupError extends Error {
  constructor(name: string) {
    super(`${name}.db is damaged, and no backup of it is at hand`)
    this.name = 'NoBackupError'
  }
}

interface Dump {
  /** How many changes the database had seen. */
  changes: number
  tables: Record<string, Record<string, SQLOutputValue>[]>
}

const STATE = `CREATE TABLE IF NOT EXISTS backup_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  changes INTEGER NOT NULL,
  file TEXT
) STRICT;
INSERT OR IGNORE INTO backup_state VALUES (1, 0, NULL)`

/**
 * Opens a small database that has a sealed backup of all of its rows next to it, and restores it from there if it is lost,
 * damaged, a copy, or older than its backup. Throws NoBackupError.
 */
export function openBackedUp(options: BackedUpOptions): BackedUpDatabase {
  const { dataDir, name, schema, tables, key } = options
  const path = join(dataDir, `${name}.db`)
  const backupPath = join(dataDir, `${name}.backup`)
  const sealing = `coffer ${name} backup v1`
  removeStaged(backupPath)
  const { best, own } = readBackups(options, backupPath, sealing)
  const isFresh = best === null && !existsSync(path)
  const restored = prepareDatabase(options, path, best)
  const db = openDatabase(path, `${schema}; ${STATE}`)
  if (restored && best) load(db, tables, best.dump)
  const seal = (): Buffer => wrap(key, sealing, encode(dump(db, tables)))
  db.prepare('UPDATE backup_state SET file = ? WHERE id = 1').run(fileIdentity(path))
  if (own !== countOf(db)) replaceFile(backupPath, seal())

  const change = <T>(work: () => T): T => {
    db.exec('BEGIN IMMEDIATE')
    let staged
    let result
    try {
      result = work()
      db.exec('UPDATE backup_state SET changes = changes + 1 WHERE id = 1')
      staged = stageFile(backupPath, seal())
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      staged?.discard()
      throw error
    }
    staged.publish()
    return result
  }
  return { db, change: (work) => (db.isTransaction ? within(db, work) : change(work)), restored, isFresh }
}

/** A part of a larger change: undone alone if it throws. */
function within<T>(db: DatabaseSync, work: () => T): T {
  db.exec('SAVEPOINT part')
  try {
    const result = work()
    db.exec('RELEASE part')
    return result
  } catch (error) {
    db.exec('ROLLBACK TO part; RELEASE part')
    throw error
  }
}

interface Backup {
  dump: Dump
  from: Restored['from']
}

/** The newest backup that can be opened, and how many changes the folder's own has seen (null: none that can be used). */
function readBackups(
  { dataDir, key, kit }: BackedUpOptions,
  path: string,
  sealing: string,
): { best: Backup | null; own: number | null } {
  const sealed = readIfThere(path)
  const own = sealed && open(key, sealing, sealed)
  if (sealed && !own) setAside(dataDir, path)
  const fromKit = kit ? open(key, sealing, kit) : null
  const newest = fromKit && (!own || fromKit.changes > own.changes) ? fromKit : own
  const best: Backup | null = newest && { dump: newest, from: newest === own ? 'backup' : 'kit' }
  return { best, own: own?.changes ?? null }
}

function open(key: Buffer, sealing: string, sealed: Uint8Array): Dump | null {
  try {
    return decode(unwrap(key, sealing, sealed))
  } catch {
    return null
  }
}

/** Puts a database out of the way that must not be used. Undefined if it can be. */
function prepareDatabase(options: BackedUpOptions, path: string, best: Backup | null): Restored | undefined {
  const state = existsSync(path) ? inspect(path) : 'lost'
  if (best === null) {
    if (state === 'damaged') throw new NoBackupError(options.name)
    return undefined
  }
  if (typeof state === 'object' && (state.isOwn || hasSameRows(options, path, best.dump))) {
    if (state.changes >= best.dump.changes) return undefined
  }
  const why = typeof state === 'string' ? state : state.isOwn ? 'older' : 'copied'
  return { why, from: best.from, setAside: setDatabaseAside(options.dataDir, path) }
}

/** A copy that has just what its backup has is none that was made half way through a change. */
function hasSameRows({ tables }: BackedUpOptions, path: string, backup: Dump): boolean {
  const db = new DatabaseSync(path)
  try {
    return encode(dump(db, tables)).equals(encode(backup))
  } catch {
    return false
  } finally {
    db.close()
  }
}

function inspect(path: string): 'damaged' | { changes: number; isOwn: boolean } {
  try {
    const db = new DatabaseSync(path)
    try {
      const [check] = Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {})
      if (check !== 'ok') return 'damaged'
      const hasState = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'backup_state'").get() !== undefined
      if (!hasState) return { changes: 0, isOwn: true }
      const row = db.prepare('SELECT changes, file FROM backup_state').get()
      const file = row?.['file'] ?? null
      return { changes: Number(row?.['changes'] ?? 0), isOwn: file === null || file === fileIdentity(path) }
    } finally {
      db.close()
    }
  } catch {
    return 'damaged'
  }
}

function countOf(db: DatabaseSync): number {
  return Number(db.prepare('SELECT changes FROM backup_state').get()?.['changes'] ?? 0)
}

function dump(db: DatabaseSync, tables: readonly string[]): Dump {
  const rows = tables.map((table) => [table, db.prepare(`SELECT * FROM ${table}`).all()] as const)
  return { changes: countOf(db), tables: Object.fromEntries(rows) }
}

function load(db: DatabaseSync, tables: readonly string[], { changes, tables: rows }: Dump): void {
  db.exec('BEGIN IMMEDIATE')
  for (const table of tables) {
    for (const row of rows[table] ?? []) {
      const columns = Object.keys(row)
      const places = columns.map(() => '?').join(', ')
      db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(
        ...(Object.values(row) as SQLInputValue[]),
      )
    }
  }
  db.prepare('UPDATE backup_state SET changes = ? WHERE id = 1').run(changes)
  db.exec('COMMIT')
}

/** JSON in which bytes are `{ bytes: BASE64 }`. */
function encode(content: Dump): Buffer {
  return Buffer.from(
    JSON.stringify(content, (_name, value: unknown) =>
      value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value,
    ),
  )
}

function decode(json: Buffer): Dump {
  return JSON.parse(json.toString(), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && 'bytes' in value && typeof value.bytes === 'string'
      ? // As the database gives them: a Buffer would be written as something else.
        new Uint8Array(Buffer.from(value.bytes, 'base64'))
      : value,
  ) as Dump
}
