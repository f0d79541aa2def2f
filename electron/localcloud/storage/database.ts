import { DatabaseSync } from 'node:sqlite'

const SCHEMA = `
CREATE TABLE buckets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  region TEXT NOT NULL,
  versioning TEXT NOT NULL DEFAULT '',
  encryption TEXT
) STRICT;

-- Keys are UTF-8 bytes: a BLOB compares as S3 orders keys. A newer version has a larger id. "object" names the data.
CREATE TABLE versions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket INTEGER NOT NULL REFERENCES buckets (id),
  key BLOB NOT NULL,
  version TEXT NOT NULL,
  latest INTEGER NOT NULL,
  marker INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  object TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT 0,
  etag TEXT NOT NULL DEFAULT '',
  parts INTEGER NOT NULL DEFAULT 0,
  attributes TEXT NOT NULL DEFAULT '{}',
  tags TEXT NOT NULL DEFAULT '[]',
  storage_class TEXT NOT NULL DEFAULT 'STANDARD',
  checksum_algorithm TEXT,
  checksum_value TEXT,
  checksum_type TEXT,
  envelope TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE UNIQUE INDEX versions_by_age ON versions (bucket, key, id DESC);
CREATE UNIQUE INDEX versions_by_name ON versions (bucket, key, version);
CREATE UNIQUE INDEX versions_listed ON versions (bucket, key) WHERE latest = 1 AND marker = 0;

-- The sealed bytes of an object: one piece, or one a part. They rest in the file "blob" or, if small, in "sealed".
CREATE TABLE pieces (
  object TEXT NOT NULL,
  number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  modified_ms INTEGER NOT NULL,
  checksum_algorithm TEXT,
  checksum_value TEXT,
  blob TEXT,
  sealed BLOB,
  PRIMARY KEY (object, number)
) STRICT;
CREATE UNIQUE INDEX pieces_by_blob ON pieces (blob) WHERE blob IS NOT NULL;

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  bucket INTEGER NOT NULL REFERENCES buckets (id),
  key BLOB NOT NULL,
  object TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL,
  storage_class TEXT NOT NULL,
  checksum_algorithm TEXT,
  checksum_type TEXT,
  envelope TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX uploads_by_key ON uploads (bucket, key, id);

-- Completing an upload again gives the same answer.
CREATE TABLE completed (
  upload TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL
) STRICT;
`

const SCHEMA_VERSION = 1

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

/** Opens or makes the metadata database: WAL, every commit synced to disk. */
export function openDatabase(path: string): Database {
  const sql = new DatabaseSync(path)
  sql.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = FAST',
  )
  migrate(sql)
  return { sql, commit: groupCommits(sql), close: () => sql.close() }
}

function migrate(sql: DatabaseSync): void {
  const version = sql.prepare('PRAGMA user_version').get()?.['user_version']
  if (version === SCHEMA_VERSION) return
  if (version !== 0) throw new Error(`The data folder was written by a newer version (${String(version)}).`)
  sql.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${String(SCHEMA_VERSION)}; COMMIT`)
}

interface Waiting {
  work: () => unknown
  resolve: (value: unknown) => void
  reject: (reason: unknown) => void
}

function groupCommits(sql: DatabaseSync): Database['commit'] {
  let queue: Waiting[] = []

  function run(): void {
    const group = queue
    queue = []
    const settlements: (() => void)[] = []
    try {
      sql.exec('BEGIN IMMEDIATE')
      for (const waiting of group) settlements.push(attempt(sql, waiting))
      sql.exec('COMMIT')
    } catch (error) {
      if (sql.isOpen && sql.isTransaction) sql.exec('ROLLBACK')
      for (const waiting of group) waiting.reject(error)
      return
    }
    for (const settle of settlements) settle()
  }

  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (queue.length === 0) setImmediate(run)
      queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
    })
}

/** Runs one member of the group; what it returns tells the member's promise once the group is on disk. */
function attempt(sql: DatabaseSync, { work, resolve, reject }: Waiting): () => void {
  sql.exec('SAVEPOINT member')
  try {
    const value = work()
    sql.exec('RELEASE member')
    return () => resolve(value)
  } catch (error) {
    sql.exec('ROLLBACK TO member; RELEASE member')
    return () => reject(error)
  }
}
