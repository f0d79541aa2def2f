import { openBackedUp, type BackedUpDatabase } from '../backed-up-database.ts'
import { statements, type Row } from '../database.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    manager TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deletion_at INTEGER,
    policy TEXT NOT NULL,
    rotation_days INTEGER,
    next_rotation_at INTEGER,
    version INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS materials (
    key_id TEXT NOT NULL REFERENCES keys(id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    material_id TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    rotation TEXT,
    PRIMARY KEY (key_id, version)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS aliases (
    name TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES keys(id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS tags (
    key_id TEXT NOT NULL REFERENCES keys(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key_id, name)
  ) STRICT`

/** A KMS key's record; times are milliseconds since the epoch. */
export interface KeyRecord {
  /** UUID. */
  id: string
  description: string
  manager: 'CUSTOMER' | 'AWS'
  enabled: boolean
  createdAt: number
  /** When it will be destroyed, if its deletion is scheduled. */
  deletionAt: number | null
  /** JSON, as it was put. */
  policy: string
  /** Days between automatic rotations; null: off. */
  rotationDays: number | null
  nextRotationAt: number | null
  /** The material that encrypts now. */
  version: number
}

/** One version of a key's material, wrapped. */
export interface MaterialRecord {
  version: number
  materialId: string
  wrapped: Uint8Array
  createdAt: number
  /** How it came to be; null for the first. */
  rotation: 'AUTOMATIC' | 'ON_DEMAND' | null
}

export interface AliasRecord {
  name: string
  keyId: string
  createdAt: number
  updatedAt: number
}

/** KMS's state on disk. */
export type KmsStore = ReturnType<typeof openKmsStore>

/**
 * Opens `kms.db`, or restores it from `kms.backup` next to it or from a kit's copy of that. The wrapping key seals the
 * backup. Throws NoBackupError.
 */
export function openKmsStore(dataDir: string, wrappingKey: Buffer, kit?: Uint8Array) {
  const tables = ['keys', 'materials', 'aliases', 'tags']
  const opened = openBackedUp({ dataDir, name: 'kms', schema: SCHEMA, tables, key: wrappingKey, kit })
  return { ...storeOf(opened), restored: opened.restored, isFresh: opened.isFresh }
}

function storeOf({ db, change }: BackedUpDatabase) {
  const sql = statements(db)
  return {
    /** One change, kept whole or undone whole. Everything that writes belongs in one; alone, it is one. */
    transaction: change,
    key(id: string): KeyRecord | undefined {
      const row = sql('SELECT * FROM keys WHERE id = ?').get(id)
      return row && toKey(row)
    },
    keys: (): KeyRecord[] => sql('SELECT * FROM keys ORDER BY id').all().map(toKey),
    /** Up to `limit` key ids after `marker`, in order. */
    keyIds: (marker: string, limit: number): string[] =>
      sql('SELECT id FROM keys WHERE id > ? ORDER BY id LIMIT ?')
        .all(marker, limit)
        .map((row) => String(row['id'])),
    saveKey(key: KeyRecord): void {
      const save = sql(`INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET description = excluded.description, enabled = excluded.enabled,
        deletion_at = excluded.deletion_at, policy = excluded.policy, rotation_days = excluded.rotation_days,
        next_rotation_at = excluded.next_rotation_at, version = excluded.version`)
      const { id, description, manager, enabled, createdAt, deletionAt, policy } = key
      const { rotationDays, nextRotationAt, version } = key
      const row = [id, description, manager, Number(enabled), createdAt, deletionAt, policy]
      change(() => void save.run(...row, rotationDays, nextRotationAt, version))
    },
    /** Removes a key with all of its material and empties the write-ahead log, so that no copy stays behind. */
    destroyKey(id: string): void {
      change(() => void sql('DELETE FROM keys WHERE id = ?').run(id))
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    material(keyId: string, version: number): MaterialRecord | undefined {
      const row = sql('SELECT * FROM materials WHERE key_id = ? AND version = ?').get(keyId, version)
      return row && toMaterial(row)
    },
    materials: (keyId: string): MaterialRecord[] =>
      sql('SELECT * FROM materials WHERE key_id = ? ORDER BY version').all(keyId).map(toMaterial),
    addMaterial(keyId: string, material: MaterialRecord): void {
      const { version, materialId, wrapped, createdAt, rotation } = material
      const insert = sql('INSERT INTO materials VALUES (?, ?, ?, ?, ?, ?)')
      change(() => void insert.run(keyId, version, materialId, wrapped, createdAt, rotation))
    },
    alias(name: string): AliasRecord | undefined {
      const row = sql('SELECT * FROM aliases WHERE name = ?').get(name)
      return row && toAlias(row)
    },
    /** Up to `limit` aliases after `marker`, of one key if one is given. */
    aliases: (marker: string, limit: number, keyId: string | null): AliasRecord[] =>
      sql('SELECT * FROM aliases WHERE name > ?1 AND (?3 IS NULL OR key_id = ?3) ORDER BY name LIMIT ?2')
        .all(marker, limit, keyId)
        .map(toAlias),
    saveAlias(alias: AliasRecord): void {
      const save = sql(`INSERT INTO aliases VALUES (?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id, updated_at = excluded.updated_at`)
      const { name, keyId, createdAt, updatedAt } = alias
      change(() => void save.run(name, keyId, createdAt, updatedAt))
    },
    deleteAlias: (name: string): void => change(() => void sql('DELETE FROM aliases WHERE name = ?').run(name)),
    tags: (keyId: string): { TagKey: string; TagValue: string }[] =>
      sql('SELECT name, value FROM tags WHERE key_id = ? ORDER BY name')
        .all(keyId)
        .map((row) => ({ TagKey: String(row['name']), TagValue: String(row['value']) })),
    saveTag: (keyId: string, name: string, value: string): void =>
      change(() => void sql('INSERT OR REPLACE INTO tags VALUES (?, ?, ?)').run(keyId, name, value)),
    deleteTag: (keyId: string, name: string): void =>
      change(() => void sql('DELETE FROM tags WHERE key_id = ? AND name = ?').run(keyId, name)),
    close: (): void => db.close(),
  }
}

function toKey(row: Row): KeyRecord {
  return {
    id: String(row['id']),
    description: String(row['description']),
    manager: row['manager'] === 'AWS' ? 'AWS' : 'CUSTOMER',
    enabled: row['enabled'] === 1,
    createdAt: Number(row['created_at']),
    deletionAt: numberOrNull(row['deletion_at']),
    policy: String(row['policy']),
    rotationDays: numberOrNull(row['rotation_days']),
    nextRotationAt: numberOrNull(row['next_rotation_at']),
    version: Number(row['version']),
  }
}

function toMaterial(row: Row): MaterialRecord {
  const rotation = row['rotation']
  return {
    version: Number(row['version']),
    materialId: String(row['material_id']),
    wrapped: row['wrapped'] as Uint8Array,
    createdAt: Number(row['created_at']),
    rotation: rotation === 'AUTOMATIC' || rotation === 'ON_DEMAND' ? rotation : null,
  }
}

function toAlias(row: Row): AliasRecord {
  return {
    name: String(row['name']),
    keyId: String(row['key_id']),
    createdAt: Number(row['created_at']),
    updatedAt: Number(row['updated_at']),
  }
}

function numberOrNull(value: Row[string] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
