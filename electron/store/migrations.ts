/**
 * The shape of coffer.db, one step an entry; `user_version` counts the steps that were taken. A released step is never
 * edited: what changes later is a new one. No column holds a secret.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL            -- JSON
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE places (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    kind         TEXT NOT NULL CHECK (kind IN ('local', 'aws', 'compatible')),
    endpoint     TEXT,
    kms_endpoint TEXT,
    region       TEXT NOT NULL,
    path_style   INTEGER NOT NULL,
    ca_bundle    TEXT,
    checksums    TEXT NOT NULL CHECK (checksums IN ('when-supported', 'when-required')),
    credentials  TEXT NOT NULL CHECK (credentials IN ('default', 'profile', 'keys')),
    profile      TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    kind         TEXT NOT NULL CHECK (kind IN ('aes-256', 'rsa-pair', 'rsa-public')),
    created_at   INTEGER NOT NULL,  -- milliseconds since 1970
    kit_saved_at INTEGER,
    public_key   TEXT               -- PEM, RSA only
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE catalog (
    place  TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key    TEXT NOT NULL,
    etag   TEXT NOT NULL,
    size   INTEGER NOT NULL,
    mode   TEXT NOT NULL,
    key_id TEXT,
    format TEXT,
    PRIMARY KEY (place, bucket, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX catalog_by_key_id ON catalog (key_id) WHERE key_id IS NOT NULL;

  CREATE TABLE activity (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,       -- milliseconds since 1970
    what    TEXT NOT NULL,
    place   TEXT,
    bucket  TEXT,
    key     TEXT,
    mode    TEXT,
    key_id  TEXT,
    outcome TEXT NOT NULL           -- 'done' or an error code
  ) STRICT;
  `,
  `
  ALTER TABLE keys ADD COLUMN kit_declined_at INTEGER;  -- the person chose to go on without a recovery kit
  `,
  `
  CREATE TABLE rekey_runs (
    id         INTEGER PRIMARY KEY,
    identity   TEXT NOT NULL,       -- JSON of all below up to "to"; of a repeated run it is the same
    place      TEXT NOT NULL,
    bucket     TEXT,                -- null: every bucket in which the catalog knows objects
    key        TEXT NOT NULL,       -- an object, or a folder that ends with '/', or ''
    under      TEXT,                -- only what is under this key
    mode       TEXT NOT NULL,
    options    TEXT NOT NULL,       -- JSON: how it shall be written
    started_at INTEGER NOT NULL,    -- milliseconds since 1970
    ended_at   INTEGER,             -- null: there is something left to do
    done       INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX rekey_runs_open ON rekey_runs (identity) WHERE ended_at IS NULL;

  CREATE TABLE rekey_items (
    run       INTEGER NOT NULL REFERENCES rekey_runs (id) ON DELETE CASCADE,
    bucket    TEXT NOT NULL,
    key       TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('started', 'done', 'failed')),
    etag      TEXT,                 -- of what was written
    beside    TEXT,                 -- key under which new content may lie
    upload_id TEXT,                 -- of an upload to the object's own key
    error     TEXT,                 -- error code
    PRIMARY KEY (run, bucket, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE downloads (
    path       TEXT PRIMARY KEY,            -- where the file shall stand
    temporary  TEXT NOT NULL,               -- the file beside it that its content goes into first
    place      TEXT NOT NULL,
    bucket     TEXT NOT NULL,
    key        TEXT NOT NULL,
    version_id TEXT,
    etag       TEXT NOT NULL,
    size       INTEGER NOT NULL,            -- as stored
    mode       TEXT NOT NULL,
    done       INTEGER NOT NULL DEFAULT 0,  -- stored bytes whose plaintext is in the temporary
    crc        INTEGER NOT NULL DEFAULT 0,  -- CRC-32 of that plaintext; 0 where a tag at its end proves it
    owner      TEXT NOT NULL,               -- process that is at it; '': it waits for a repetition
    at         INTEGER NOT NULL             -- milliseconds since 1970, when it last went on
  ) STRICT, WITHOUT ROWID;

  -- Where a process makes temporaries that are worth nothing without it; by their names they are known as its own.
  CREATE TABLE download_folders (
    owner  TEXT NOT NULL,
    folder TEXT NOT NULL,
    PRIMARY KEY (owner, folder)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE uploads (
    id         INTEGER PRIMARY KEY,
    identity   TEXT,                -- JSON of place, bucket, key, path, mode and options; null: it came as a stream
    place      TEXT NOT NULL,
    bucket     TEXT NOT NULL,
    key        TEXT NOT NULL,
    path       TEXT,                -- real path of the file
    size       INTEGER NOT NULL,    -- plaintext bytes
    mtime_ns   TEXT,                -- nanoseconds since 1970, decimal; with inode: the file that it was
    inode      TEXT,
    mode       TEXT NOT NULL,
    format     TEXT,
    metadata   TEXT NOT NULL,       -- JSON: user metadata as stored, the data key in it wrapped
    key_id     TEXT,
    opened     TEXT,                -- JSON: upload id and what S3 said; null: S3's answer is not known
    owner      TEXT,                -- name of the process that is at it
    created_at INTEGER NOT NULL     -- milliseconds since 1970
  ) STRICT;
  CREATE INDEX uploads_by_identity ON uploads (identity);

  CREATE TABLE upload_parts (
    upload INTEGER NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    sha256 BLOB NOT NULL,           -- of the stored bytes, written before they leave
    etag   TEXT,                    -- null: S3 has not acknowledged it
    PRIMARY KEY (upload, number)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE listed_buckets (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    place   TEXT NOT NULL,
    bucket  TEXT NOT NULL,
    run     INTEGER NOT NULL DEFAULT 0,  -- number of the listing that was begun last
    changes INTEGER NOT NULL DEFAULT 0,  -- of what is known to be in it
    UNIQUE (place, bucket)
  ) STRICT;

  CREATE TABLE listed_folders (
    id        INTEGER PRIMARY KEY,
    bucket    INTEGER NOT NULL REFERENCES listed_buckets (id) ON DELETE CASCADE,
    path      TEXT NOT NULL,            -- '' for the bucket itself, else it ends with '/'
    parent    INTEGER,                  -- null: the bucket itself, or nothing is known to be in it
    objects   INTEGER NOT NULL DEFAULT 0,  -- without the one that only marks the folder
    run       INTEGER NOT NULL,         -- the listing that saw it last
    whole     INTEGER NOT NULL,         -- 0: only its name is known, or a listing of it did not come to its end
    listed_at INTEGER,                  -- when it was last listed to its end, in milliseconds since 1970
    deep_at   INTEGER,                  -- the same with everything below it
    UNIQUE (bucket, path)
  ) STRICT;
  CREATE INDEX listed_folders_in ON listed_folders (parent, path) WHERE parent IS NOT NULL;

  CREATE TABLE listed_objects (
    id       INTEGER PRIMARY KEY,
    folder   INTEGER NOT NULL REFERENCES listed_folders (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,             -- '' for the object that marks its folder
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,          -- milliseconds since 1970
    etag     TEXT NOT NULL,
    run      INTEGER NOT NULL,          -- the listing that saw it last
    UNIQUE (folder, name)
  ) STRICT;

  CREATE TRIGGER listed_objects_more AFTER INSERT ON listed_objects WHEN new.name <> '' BEGIN
    UPDATE listed_folders SET objects = objects + 1 WHERE id = new.folder;
  END;
  CREATE TRIGGER listed_objects_fewer AFTER DELETE ON listed_objects WHEN old.name <> '' BEGIN
    UPDATE listed_folders SET objects = objects - 1 WHERE id = old.folder;
  END;
  `,
  `
  CREATE TABLE transfer_runs (
    id          INTEGER PRIMARY KEY,
    identity    TEXT NOT NULL,      -- JSON of the order; of a repeated run it is the same
    kind        TEXT NOT NULL CHECK (kind IN ('put', 'get')),
    bucket      TEXT NOT NULL,
    body        TEXT NOT NULL,      -- JSON of the order
    overwrite   TEXT NOT NULL,
    started_at  INTEGER NOT NULL,   -- milliseconds since 1970
    ended_at    INTEGER,            -- null: there is something left to do
    found_all   INTEGER NOT NULL DEFAULT 0,
    paused      INTEGER NOT NULL DEFAULT 0,
    cancelled   INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    error       TEXT,               -- JSON of a failure
    wish        TEXT                -- what another process wants of the one that works on it
  ) STRICT;
  CREATE INDEX transfer_runs_open ON transfer_runs (identity) WHERE ended_at IS NULL;

  CREATE TABLE transfer_items (
    id     INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES transfer_runs (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,           -- path or key, as the person knows it
    key    TEXT NOT NULL,
    path   TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    mark   TEXT NOT NULL,           -- the source's size and date, or its ETag
    large  INTEGER NOT NULL,
    state  TEXT NOT NULL,
    answer TEXT,                    -- to its conflict
    copy   INTEGER NOT NULL DEFAULT 0, -- where both are kept: the number in the new one's name
    error  TEXT,                    -- JSON of a failure
    UNIQUE (run, key, name)
  ) STRICT;
  CREATE INDEX transfer_items_by_state ON transfer_items (run, state, large, id);
  `,
  `
  ALTER TABLE listed_folders ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;  -- of all objects in it, as stored
  UPDATE listed_folders SET bytes = (SELECT coalesce(sum(size), 0) FROM listed_objects WHERE folder = listed_folders.id);
  DROP TRIGGER listed_objects_more;
  DROP TRIGGER listed_objects_fewer;
  CREATE TRIGGER listed_objects_more AFTER INSERT ON listed_objects BEGIN
    UPDATE listed_folders SET objects = objects + (new.name <> ''), bytes = bytes + new.size WHERE id = new.folder;
  END;
  CREATE TRIGGER listed_objects_fewer AFTER DELETE ON listed_objects BEGIN
    UPDATE listed_folders SET objects = objects - (old.name <> ''), bytes = bytes - old.size WHERE id = old.folder;
  END;
  CREATE TRIGGER listed_objects_other AFTER UPDATE OF size ON listed_objects WHEN old.size <> new.size BEGIN
    UPDATE listed_folders SET bytes = bytes - old.size + new.size WHERE id = new.folder;
  END;
  `,
  `
  -- What tests of places, and requests since then, have shown of their servers.
  CREATE TABLE server_findings (
    place    TEXT NOT NULL,
    check_id TEXT NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('holds', 'reported', 'refused', 'wrong', 'unknown')),
    detail   TEXT NOT NULL,
    PRIMARY KEY (place, check_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE server_tests (
    place     TEXT PRIMARY KEY,
    tested_at INTEGER NOT NULL,      -- milliseconds since 1970
    bucket    TEXT NOT NULL,
    server    TEXT                   -- Server header of its answers
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE keys ADD COLUMN purpose TEXT NOT NULL DEFAULT 'unknown'
    CHECK (purpose IN ('cse', 'sse-c', 'unused', 'unknown'));
  UPDATE keys SET purpose = CASE
    WHEN kind <> 'aes-256' THEN 'cse'
    WHEN EXISTS (SELECT 1 FROM catalog WHERE key_id = keys.id AND mode = 'sse-c') THEN 'sse-c'
    WHEN EXISTS (SELECT 1 FROM catalog WHERE key_id = keys.id AND mode = 'cse-c') THEN 'cse'
    ELSE 'unknown' END;
  `,
  `
  ALTER TABLE keys ADD COLUMN deleting_at INTEGER;  -- its deletion was begun: nothing more is written under it
  `,
  `
  ALTER TABLE places ADD COLUMN request_payer TEXT CHECK (request_payer = 'requester');
  `,
  `
  -- Rows whose secret is being written to the keychain; see secret-writes.ts.
  CREATE TABLE secret_writes (
    account TEXT PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('key', 'place')),
    pid     INTEGER NOT NULL,
    row     TEXT NOT NULL           -- JSON, without the secret
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE rekey_items ADD COLUMN replacing INTEGER NOT NULL DEFAULT 0;  -- since when its content may be replaced, in milliseconds since 1970; 0: not
  `,
  `
  ALTER TABLE keys ADD COLUMN noted TEXT;  -- digest of the note that is kept with the key's material; null: there is none
  `,
  `
  ALTER TABLE catalog ADD COLUMN envelope TEXT;  -- JSON: the object's client-side envelope, the data key in it wrapped
  `,
  `
  -- Few objects are named so: whether a folder has any is known at once. The expression is that of listing/instruction-files.ts.
  CREATE INDEX listed_instructions ON listed_objects (folder, name) WHERE substr(name, -12) = '.instruction';
  `,
  `
  ALTER TABLE places ADD COLUMN reach TEXT;  -- JSON: how else it is reached, by proxy and AWS settings; null: nothing is said
  `,
]
