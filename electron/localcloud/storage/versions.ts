import { randomBytes } from 'node:crypto'
import type { Checksum, ChecksumAlgorithm } from '../request.ts'
import type { Envelope } from '../sse/data-keys.ts'
import type { Bucket } from './buckets.ts'
import type { Database } from './database.ts'

/** What a client gave an object besides its bytes. */
export interface Attributes {
  /** Content-Type and its like, by lower-case name. */
  headers: Record<string, string>
  /** x-amz-meta-* without the prefix. */
  metadata: Record<string, string>
}

export type Tag = [key: string, value: string]
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'
export type ObjectChecksum = Checksum & { type: ChecksumType }

/** An object's content and all that is known of it. */
export interface Content {
  /** Names the data: random, never reused, authenticated with it. */
  object: string
  size: number
  /** Without quotes. */
  etag: string
  /** 0: put whole. */
  parts: number
  attributes: Attributes
  tags: Tag[]
  storageClass: string
  checksum: ObjectChecksum | undefined
  envelope: Envelope
}

interface VersionBase {
  id: number
  key: string
  /** `null` where the bucket's versioning was not enabled. */
  version: string
  latest: boolean
  modifiedMs: number
}
export type ObjectVersion = VersionBase & { marker: false } & Content
export type DeleteMarker = VersionBase & { marker: true }
export type Version = ObjectVersion | DeleteMarker

/** What a version is to be called where the bucket keeps versions, and when it was made. */
export interface VersionName {
  version: string
  modifiedMs: number
}

/** insert, mark, remove and the setters belong inside commit(). */
export interface Versions {
  /** The newest version, which may be a delete marker. */
  latest(bucket: number, key: string): Version | undefined
  named(bucket: number, key: string, version: string): Version | undefined
  byId(id: number): Version | undefined
  /** Makes content the newest version; returns it and the object whose data it replaced. */
  insert(
    bucket: Bucket,
    key: string,
    content: Content,
    named?: VersionName,
  ): { version: ObjectVersion; replaced: string | undefined }
  /** Puts a delete marker on top; returns it and the object whose data it replaced. */
  mark(bucket: Bucket, key: string): { version: DeleteMarker; replaced: string | undefined }
  /** Removes one version for good; the one below becomes the newest. */
  remove(bucket: number, version: Version): void
  /** Puts a key's versions into the order of their dates, after one was brought back. */
  sortByAge(bucket: number, key: string): void
  setTags(id: number, tags: Tag[]): void
  setEnvelope(id: number, envelope: Envelope): void
}

/** 128 random bits as S3 shows version ids: opaque, safe in a URL. */
export function newVersionId(): string {
  return randomBytes(24).toString('base64url')
}

/** A fresh name for an object's data. */
export function newObjectId(): string {
  return randomBytes(16).toString('hex')
}

export function openVersions({ sql }: Database): Versions {
  const latest = sql.prepare('SELECT * FROM versions WHERE bucket = ? AND key = ? ORDER BY id DESC LIMIT 1')
  const named = sql.prepare('SELECT * FROM versions WHERE bucket = ? AND key = ? AND version = ?')
  const byId = sql.prepare('SELECT * FROM versions WHERE id = ?')
  const age = sql.prepare('UPDATE versions SET latest = 0 WHERE id = ?')
  const promote = sql.prepare('UPDATE versions SET latest = 1 WHERE id = ?')
  const remove = sql.prepare('DELETE FROM versions WHERE id = ?')
  const byAge = sql.prepare('SELECT id FROM versions WHERE bucket = ? AND key = ? ORDER BY modified_ms, id')
  const ageAll = sql.prepare('UPDATE versions SET latest = 0 WHERE bucket = ? AND key = ?')
  const highest = sql.prepare('SELECT max(id) AS id FROM versions')
  const renumber = sql.prepare('UPDATE versions SET id = ? WHERE id = ?')
  const setTags = sql.prepare('UPDATE versions SET tags = ? WHERE id = ?')
  const setEnvelope = sql.prepare('UPDATE versions SET envelope = ? WHERE id = ?')
  const insert = sql.prepare(
    `INSERT INTO versions (bucket, key, version, latest, marker, modified_ms, object, size, etag, parts, attributes, tags,
       storage_class, checksum_algorithm, checksum_value, checksum_type, envelope)
     VALUES (?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
  )
  const mark = sql.prepare(
    'INSERT INTO versions (bucket, key, version, latest, marker, modified_ms) VALUES (?, ?, ?, 1, 1, ?) RETURNING *',
  )

  const find = (row: unknown) => (row === undefined ? undefined : toVersion(row as VersionRow))
  const findNamed = (bucket: number, key: string, version: string) => find(named.get(bucket, Buffer.from(key), version))

  /** Ages the newest version, and removes the null version if the new one is to be it. */
  function makeRoom(
    bucket: Bucket,
    key: string,
    version = newVersionId(),
  ): { name: string; replaced: string | undefined } {
    const newest = latest.get(bucket.id, Buffer.from(key)) as unknown as VersionRow | undefined
    if (newest) age.run(newest.id)
    if (bucket.versioning === 'Enabled') return { name: version, replaced: undefined }
    const old = findNamed(bucket.id, key, 'null')
    if (old) remove.run(old.id)
    return { name: 'null', replaced: old?.marker === false ? old.object : undefined }
  }

  return {
    latest: (bucket, key) => find(latest.get(bucket, Buffer.from(key))),
    named: findNamed,
    byId: (id) => find(byId.get(id)),
    insert: (bucket, key, content, named) => {
      const { name, replaced } = makeRoom(bucket, key, named?.version)
      const { object, size, etag, parts, attributes, tags, storageClass, checksum, envelope } = content
      const row = insert.get(
        bucket.id,
        Buffer.from(key),
        name,
        named?.modifiedMs ?? Date.now(),
        object,
        size,
        etag,
        parts,
        JSON.stringify(attributes),
        JSON.stringify(tags),
        storageClass,
        checksum?.algorithm ?? null,
        checksum?.value ?? null,
        checksum?.type ?? null,
        JSON.stringify(envelope),
      )
      return { version: toVersion(row as unknown as VersionRow) as ObjectVersion, replaced }
    },
    mark: (bucket, key) => {
      const { name, replaced } = makeRoom(bucket, key)
      const row = mark.get(bucket.id, Buffer.from(key), name, Date.now())
      return { version: toVersion(row as unknown as VersionRow) as DeleteMarker, replaced }
    },
    remove: (bucket, version) => {
      remove.run(version.id)
      const below = version.latest ? find(latest.get(bucket, Buffer.from(version.key))) : undefined
      if (below) promote.run(below.id)
    },
    sortByAge: (bucket, key) => {
      const bytes = Buffer.from(key)
      const ids = byAge.all(bucket, bytes).map(({ id }) => Number(id))
      const isSorted = ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0))
      ageAll.run(bucket, bytes)
      const base = isSorted ? 0 : Number(highest.get()?.['id'])
      // A newer version has a larger id.
      if (!isSorted) for (const [index, id] of ids.entries()) renumber.run(base + 1 + index, id)
      const last = isSorted ? ids.at(-1) : base + ids.length
      if (last !== undefined) promote.run(last)
    },
    setTags: (id, tags) => void setTags.run(JSON.stringify(tags), id),
    setEnvelope: (id, envelope) => void setEnvelope.run(JSON.stringify(envelope), id),
  }
}

export interface VersionRow {
  id: number
  key: Uint8Array
  version: string
  latest: number
  marker: number
  modified_ms: number
  object: string
  size: number
  etag: string
  parts: number
  attributes: string
  tags: string
  storage_class: string
  checksum_algorithm: ChecksumAlgorithm | null
  checksum_value: string | null
  checksum_type: ChecksumType | null
  envelope: string
}

function toVersion(row: VersionRow): Version {
  const { id, version, modified_ms: modifiedMs, object, size, etag, parts } = row
  const base = { id, key: Buffer.from(row.key).toString(), version, latest: row.latest === 1, modifiedMs }
  if (row.marker === 1) return { ...base, marker: true }
  return {
    ...base,
    marker: false,
    object,
    size,
    etag,
    parts,
    attributes: JSON.parse(row.attributes) as Attributes,
    tags: JSON.parse(row.tags) as Tag[],
    storageClass: row.storage_class,
    checksum: toChecksum(row),
    envelope: JSON.parse(row.envelope) as Envelope,
  }
}

function toChecksum(row: VersionRow): ObjectChecksum | undefined {
  const { checksum_algorithm: algorithm, checksum_value: value, checksum_type: type } = row
  return algorithm && value !== null && type ? { algorithm, value, type } : undefined
}
