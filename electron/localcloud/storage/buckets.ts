import type { Database } from './database.ts'

export type Versioning = '' | 'Enabled' | 'Suspended'

/** A bucket's default encryption, as PutBucketEncryption set it. */
export interface BucketEncryption {
  algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
  kmsKeyId?: string
  bucketKey: boolean
  /** From BlockedEncryptionTypes: uploads with customer keys are refused. */
  blocksCustomerKeys: boolean
  /** Whether BlockedEncryptionTypes was given, so that it is shown again. */
  namesBlocked: boolean
}

export interface Bucket {
  id: number
  name: string
  createdMs: number
  region: string
  versioning: Versioning
  /** Undefined: S3's own default, AES256. */
  encryption: BucketEncryption | undefined
}

/** Everything but find() and list() belongs inside commit(). */
export interface Buckets {
  find(name: string): Bucket | undefined
  list(): Bucket[]
  create(name: string, region: string): void
  /** Makes a bucket as it was, or gives it these settings. */
  restore(bucket: Omit<Bucket, 'id'>): Bucket
  isEmpty(id: number): boolean
  remove(id: number): void
  setVersioning(id: number, versioning: Versioning): void
  setEncryption(id: number, encryption: BucketEncryption | undefined): void
}

interface BucketRow {
  id: number
  name: string
  created_ms: number
  region: string
  versioning: Versioning
  encryption: string | null
}

export function openBuckets({ sql }: Database): Buckets {
  const find = sql.prepare('SELECT * FROM buckets WHERE name = ?')
  const list = sql.prepare('SELECT * FROM buckets ORDER BY name')
  const insert = sql.prepare('INSERT INTO buckets (name, region, created_ms) VALUES (?, ?, ?)')
  const restore = sql.prepare(
    `INSERT INTO buckets (name, created_ms, region, versioning, encryption) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET versioning = excluded.versioning, encryption = excluded.encryption RETURNING *`,
  )
  const any = sql.prepare('SELECT 1 FROM versions WHERE bucket = ? LIMIT 1')
  const remove = sql.prepare('DELETE FROM buckets WHERE id = ?')
  const versioning = sql.prepare('UPDATE buckets SET versioning = ? WHERE id = ?')
  const encryption = sql.prepare('UPDATE buckets SET encryption = ? WHERE id = ?')
  return {
    find: (name) => {
      const row = find.get(name) as unknown as BucketRow | undefined
      return row && toBucket(row)
    },
    list: () => (list.all() as unknown as BucketRow[]).map(toBucket),
    create: (name, region) => void insert.run(name, region, Date.now()),
    restore: ({ name, createdMs, region, versioning, encryption }) => {
      const json = encryption ? JSON.stringify(encryption) : null
      return toBucket(restore.get(name, createdMs, region, versioning, json) as unknown as BucketRow)
    },
    isEmpty: (id) => any.get(id) === undefined,
    remove: (id) => void remove.run(id),
    setVersioning: (id, value) => void versioning.run(value, id),
    setEncryption: (id, value) => void encryption.run(value ? JSON.stringify(value) : null, id),
  }
}

function toBucket({ id, name, created_ms: createdMs, region, versioning, encryption }: BucketRow): Bucket {
  const parsed = encryption === null ? undefined : (JSON.parse(encryption) as BucketEncryption)
  return { id, name, createdMs, region, versioning, encryption: parsed }
}
