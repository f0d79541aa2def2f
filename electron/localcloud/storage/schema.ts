import type { DatabaseSync } from 'node:sqlite'

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

/** Since version 2. */
const REMOVALS = `
-- Files that no row names any more. They stay for a while, so that a copy of the folder that is being made stays whole.
CREATE TABLE removals (
  blob TEXT PRIMARY KEY,
  object TEXT NOT NULL,
  removed_ms INTEGER NOT NULL
) STRICT;

-- The file that describes an object in parts: its list of pieces and all else that its version's row says.
CREATE TABLE manifests (
  object TEXT PRIMARY KEY,
  blob TEXT NOT NULL UNIQUE
) STRICT;

-- How far this database has followed the log. Without a primary key: SQLite's sessions leave it out of the log.
-- "file" is the very file it is; "clean" tells that a server ended with all of it written, and none has opened it since.
CREATE TABLE log_state (
  seq INTEGER NOT NULL,
  log TEXT NOT NULL,
  file TEXT NOT NULL,
  clean INTEGER NOT NULL
) STRICT;
`

const SCHEMA_VERSION = 2

/** The tables that the log carries. */
export const LOGGED_TABLES = ['buckets', 'versions', 'pieces', 'uploads', 'completed', 'removals', 'manifests'] as const

/** Makes the tables, or brings those of an older version up to date. */
export function migrate(sql: DatabaseSync): void {
  const version = Number(sql.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === SCHEMA_VERSION) return
  if (version > SCHEMA_VERSION) throw new Error(`The data folder was written by a newer version (${String(version)}).`)
  const steps = version === 0 ? SCHEMA + REMOVALS : REMOVALS
  sql.exec(`BEGIN; ${steps} PRAGMA user_version = ${String(SCHEMA_VERSION)}; COMMIT`)
}
