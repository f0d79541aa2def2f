import type { DatabaseSync } from 'node:sqlite'
import type { ErrorCode } from '../base/errors.ts'
import type { ObservedMode } from '../base/mode-names.ts'
import { writeBehind } from './write-behind.ts'

/** One thing that was done, or tried, and how it ended. */
export interface ActivityEntry {
  /** Milliseconds since 1970. */
  at: number
  what: 'put' | 'get' | 'preview' | 'verify' | 'rekey' | 'remove' | 'restore' | 'key' | 'kms' | 'bucket' | 'place'
  place?: string | undefined
  bucket?: string | undefined
  /** The object's key. */
  key?: string | undefined
  mode?: ObservedMode | undefined
  keyId?: string | undefined
  outcome: 'done' | ErrorCode
}

export interface Activity {
  append(entry: ActivityEntry): void
  /** Newest first. `before` is the `id` of the last one seen. */
  list(options: { limit: number; before?: number | undefined }): (ActivityEntry & { id: number })[]
  clear(): void
}

export function openActivity(db: DatabaseSync): Activity {
  const insert = db.prepare(`
    INSERT INTO activity (at, what, place, bucket, key, mode, key_id, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const select = db.prepare('SELECT * FROM activity WHERE id < ? ORDER BY id DESC LIMIT ?')
  const { later, flush } = writeBehind(db)
  return {
    append({ at, what, place, bucket, key, mode, keyId, outcome }) {
      later(() =>
        insert.run(at, what, place ?? null, bucket ?? null, key ?? null, mode ?? null, keyId ?? null, outcome),
      )
    },
    list({ limit, before }) {
      flush()
      return select.all(before ?? Number.MAX_SAFE_INTEGER, limit).map((row) => ({
        id: row['id'] as number,
        at: row['at'] as number,
        what: row['what'] as ActivityEntry['what'],
        place: (row['place'] as string | null) ?? undefined,
        bucket: (row['bucket'] as string | null) ?? undefined,
        key: (row['key'] as string | null) ?? undefined,
        mode: (row['mode'] as ObservedMode | null) ?? undefined,
        keyId: (row['key_id'] as string | null) ?? undefined,
        outcome: row['outcome'] as ActivityEntry['outcome'],
      }))
    },
    clear() {
      flush()
      db.exec('DELETE FROM activity')
    },
  }
}
