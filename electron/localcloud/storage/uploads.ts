import type { ChecksumAlgorithm } from '../request.ts'
import type { Envelope } from '../sse/data-keys.ts'
import type { Database } from './database.ts'
import type { Attributes, ChecksumType, Tag } from './versions.ts'

/** A multipart upload under way. Its parts are the pieces of its object. */
export interface Upload {
  id: string
  bucket: number
  key: string
  object: string
  startedMs: number
  attributes: Attributes
  tags: Tag[]
  storageClass: string
  /** Undefined: the client declared none. */
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined
  envelope: Envelope
}

/** create, remove and complete belong inside commit(). */
export interface Uploads {
  find(id: string): Upload | undefined
  create(upload: Upload): void
  remove(id: string): void
  /** Remembers which version an upload became. */
  complete(id: string, version: number): void
  /** The version row that an upload became. */
  completedAs(id: string): number | undefined
  /** The uploads of a bucket, by key and then by id, from after a place on. */
  list(bucket: number, prefix: string, afterKey: string, afterId: string | undefined): Iterable<Upload>
  ofBucket(bucket: number): Upload[]
}

interface UploadRow {
  id: string
  bucket: number
  key: Uint8Array
  object: string
  started_ms: number
  attributes: string
  tags: string
  storage_class: string
  checksum_algorithm: ChecksumAlgorithm | null
  checksum_type: ChecksumType | null
  envelope: string
}

/** How long a completed upload is remembered. */
const MEMORY_MS = 7 * 24 * 3600 * 1000

export function openUploads({ sql }: Database): Uploads {
  const find = sql.prepare('SELECT * FROM uploads WHERE id = ?')
  const insert = sql.prepare(
    `INSERT INTO uploads (id, bucket, key, object, started_ms, attributes, tags, storage_class, checksum_algorithm,
       checksum_type, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = sql.prepare('DELETE FROM uploads WHERE id = ?')
  const complete = sql.prepare('INSERT OR REPLACE INTO completed (upload, version, finished_ms) VALUES (?, ?, ?)')
  const completed = sql.prepare('SELECT version FROM completed WHERE upload = ?')
  const ofBucket = sql.prepare('SELECT * FROM uploads WHERE bucket = ?')
  const after = sql.prepare(
    'SELECT * FROM uploads WHERE bucket = ? AND key >= ? AND (key, id) > (?, ?) ORDER BY key, id',
  )
  sql.prepare('DELETE FROM completed WHERE finished_ms < ?').run(Date.now() - MEMORY_MS)

  return {
    find: (id) => {
      const row = find.get(id) as unknown as UploadRow | undefined
      return row && toUpload(row)
    },
    create: (upload) => {
      insert.run(
        upload.id,
        upload.bucket,
        Buffer.from(upload.key),
        upload.object,
        upload.startedMs,
        JSON.stringify(upload.attributes),
        JSON.stringify(upload.tags),
        upload.storageClass,
        upload.checksum?.algorithm ?? null,
        upload.checksum?.type ?? null,
        JSON.stringify(upload.envelope),
      )
    },
    remove: (id) => void remove.run(id),
    complete: (id, version) => void complete.run(id, version, Date.now()),
    completedAs: (id) => completed.get(id)?.['version'] as number | undefined,
    *list(bucket, prefix, afterKey, afterId) {
      // Upload ids are ASCII: a tilde comes after all of them, so "after this key" is "after its last upload".
      const marker = Buffer.from(afterKey)
      const bound = Buffer.from(prefix)
      const from = Buffer.compare(bound, marker) > 0 ? bound : marker
      for (const row of after.iterate(bucket, from, marker, afterId ?? '~')) {
        const upload = toUpload(row as unknown as UploadRow)
        if (!upload.key.startsWith(prefix)) return
        yield upload
      }
    },
    ofBucket: (bucket) => (ofBucket.all(bucket) as unknown as UploadRow[]).map(toUpload),
  }
}

function toUpload(row: UploadRow): Upload {
  const { checksum_algorithm: algorithm, checksum_type: type } = row
  return {
    id: row.id,
    bucket: row.bucket,
    key: Buffer.from(row.key).toString(),
    object: row.object,
    startedMs: row.started_ms,
    attributes: JSON.parse(row.attributes) as Attributes,
    tags: JSON.parse(row.tags) as Tag[],
    storageClass: row.storage_class,
    checksum: algorithm && type ? { algorithm, type } : undefined,
    envelope: JSON.parse(row.envelope) as Envelope,
  }
}
