import type { DatabaseSync } from 'node:sqlite'
import type { ErrorCode } from '../base/errors.ts'
import { writeBehind } from './write-behind.ts'

interface Name {
  bucket: string
  key: string
}

/** What a cut-off re-key of one object may have left. */
export interface RekeyLeaving extends Name {
  /** A key under which new content may lie, or uploads to it. */
  beside: string | undefined
  /** An upload to the object's own key. */
  uploadId: string | undefined
  /** When its old content may first have been replaced; undefined once it is done. */
  replacingSince: Date | undefined
}

/** The objects of one run, as far as they were begun. What is written here is on disk when the call returns. */
export interface RekeyItems {
  start(name: Name): void
  /** Before new content is written beside the object. */
  beside(name: Name, key: string): void
  uploadOpened(name: Name, uploadId: string): void
  /** Before the new content is written in the object's place. `beside` says so too. */
  replacing(name: Name): void
  /** What lay beside it is gone. */
  besideGone(name: Name): void
  /** `etag` is that of the object as it now is. What was remembered of it before this call is written in the same transaction. */
  done(name: Name, etag: string): void
  failed(name: Name, code: ErrorCode): void
  /** Nothing is left of an earlier attempt. */
  swept(name: Name): void
  /** What earlier attempts have left, as far as it is known. */
  leavings(): RekeyLeaving[]
  /** True if it was done in this run and is still what was written then. */
  isDone(name: Name, etag: string | undefined): boolean
  /** The ETag of what was written in this run, if it is done. */
  doneEtag(name: Name): string | undefined
  /** True if it was begun before and cut off, now or in an earlier attempt: what is there now may not have been proven. */
  wasCutOff(name: Name): boolean
  failures(): (Name & { code: ErrorCode })[]
}

export function openRekeyItems(db: DatabaseSync, run: number): RekeyItems {
  const insert = db.prepare(`
    INSERT INTO rekey_items (run, bucket, key, state) VALUES (?, ?, ?, 'started')
    ON CONFLICT DO UPDATE SET state = 'started', etag = NULL, error = NULL`)
  const setBeside = db.prepare(`
    UPDATE rekey_items SET beside = ?1, replacing = iif(?1 IS NULL, replacing, ?5)
    WHERE run = ?2 AND bucket = ?3 AND key = ?4`)
  const setReplacing = db.prepare('UPDATE rekey_items SET replacing = ? WHERE run = ? AND bucket = ? AND key = ?')
  const setUpload = db.prepare('UPDATE rekey_items SET upload_id = ? WHERE run = ? AND bucket = ? AND key = ?')
  const setSwept = db.prepare(
    'UPDATE rekey_items SET beside = NULL, upload_id = NULL WHERE run = ? AND bucket = ? AND key = ?',
  )
  const setEnd = db.prepare(`
    UPDATE rekey_items SET state = ?1, etag = ?2, error = ?3, upload_id = iif(?1 = 'done', NULL, upload_id),
      replacing = iif(?1 = 'done', 0, replacing)
    WHERE run = ?4 AND bucket = ?5 AND key = ?6`)
  const find = db.prepare('SELECT state, etag, replacing FROM rekey_items WHERE run = ? AND bucket = ? AND key = ?')
  const left = db.prepare(`
    SELECT * FROM rekey_items WHERE run = ? AND (beside IS NOT NULL OR upload_id IS NOT NULL OR replacing > 0)
    ORDER BY bucket, key`)
  const failed = db.prepare("SELECT * FROM rekey_items WHERE run = ? AND state = 'failed' ORDER BY bucket, key")
  const { later, flush } = writeBehind(db)
  const nameOf = (row: Record<string, unknown>): Name => ({
    bucket: row['bucket'] as string,
    key: row['key'] as string,
  })
  return {
    start: ({ bucket, key }) => void insert.run(run, bucket, key),
    beside: ({ bucket, key }, beside) => void setBeside.run(beside, run, bucket, key, Date.now()),
    besideGone: ({ bucket, key }) => void setBeside.run(null, run, bucket, key, 0),
    uploadOpened: ({ bucket, key }, uploadId) => void setUpload.run(uploadId, run, bucket, key),
    replacing: ({ bucket, key }) => void setReplacing.run(Date.now(), run, bucket, key),
    swept: ({ bucket, key }) => void setSwept.run(run, bucket, key),
    done({ bucket, key }, etag) {
      // With what the catalog is about to learn of the object: one without the other would call it replaced by somebody.
      later(() => setEnd.run('done', etag, null, run, bucket, key))
      flush()
    },
    failed: ({ bucket, key }, code) => void setEnd.run('failed', null, code, run, bucket, key),
    leavings: () =>
      left.all(run).map((row) => ({
        ...nameOf(row),
        beside: (row['beside'] as string | null) ?? undefined,
        uploadId: (row['upload_id'] as string | null) ?? undefined,
        replacingSince: row['replacing'] === 0 ? undefined : new Date(row['replacing'] as number),
      })),
    isDone({ bucket, key }, etag) {
      const row = find.get(run, bucket, key)
      return row?.['state'] === 'done' && row['etag'] === etag
    },
    doneEtag({ bucket, key }) {
      const row = find.get(run, bucket, key)
      return row?.['state'] === 'done' ? ((row['etag'] as string | null) ?? undefined) : undefined
    },
    wasCutOff({ bucket, key }) {
      const row = find.get(run, bucket, key)
      return row?.['state'] === 'started' || (row?.['replacing'] ?? 0) !== 0
    },
    failures: () => failed.all(run).map((row) => ({ ...nameOf(row), code: row['error'] as ErrorCode })),
  }
}
