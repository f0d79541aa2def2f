import type { StatementSync } from 'node:sqlite'
import type { ChecksumAlgorithm } from '../request.ts'
import type { Database } from './database.ts'
import type { ChecksumType } from './versions.ts'

interface ListedBase {
  key: string
  version: string
  latest: boolean
  modifiedMs: number
}

/** What a listing tells of an object. */
export type ListedObject = ListedBase & {
  marker: false
  size: number
  /** Without quotes. */
  etag: string
  storageClass: string
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined
}
export type ListedVersion = ListedObject | (ListedBase & { marker: true })

/** A line of a listing: an entry, or the name that stands for all keys that begin with it. */
export type Line<T> = { entry: T } | { commonPrefix: string }

export interface Query {
  bucket: number
  prefix: string
  /** Empty: no grouping. */
  delimiter: string
  /** Only what comes after this key (or common prefix); empty: from the start. */
  after: string
}

export interface Listing {
  /** Current objects in UTF-8 byte order. Lazily: stop when there is enough. */
  objects(query: Query): Generator<Line<ListedObject>>
  /** All versions and delete markers, newest first within a key; with `afterId`, those of the key `after` older than it first. */
  versions(query: Query & { afterId: number | undefined }): Generator<Line<ListedVersion>>
}

/** After so many rows under one common prefix, seeking past it is cheaper than stepping on. */
const STEPS_BEFORE_SEEK = 16

/** Rows of a batch: a page of 1,000 and whether there is more; or, where there will be seeks soon, fewer. */
const WHOLE_PAGE = 1001
const FEW = 128

/** Rows come as arrays of just what is told: most of a listing's time would go into the other columns. */
const SELECT = `SELECT key, version, latest, marker, modified_ms, size, etag, storage_class, checksum_algorithm, checksum_type
  FROM versions`

type Row = [
  key: Uint8Array,
  version: string,
  latest: number,
  marker: number,
  modifiedMs: number,
  size: number,
  etag: string,
  storageClass: string,
  algorithm: ChecksumAlgorithm | null,
  type: ChecksumType | null,
]

/** Listings by index: a page costs what it shows, not what the bucket holds. */
export function openListing({ sql }: Database): Listing {
  const prepare = (rest: string): StatementSync => {
    const statement = sql.prepare(`${SELECT} ${rest}`)
    statement.setReturnArrays(true)
    return statement
  }
  const current = prepare('WHERE bucket = ? AND latest = 1 AND marker = 0 AND key >= ? ORDER BY key LIMIT ? OFFSET ?')
  const all = prepare('WHERE bucket = ? AND key >= ? ORDER BY key, id DESC LIMIT ? OFFSET ?')
  const older = prepare('WHERE bucket = ? AND key = ? AND id < ? ORDER BY id DESC')
  return {
    objects: (query) => walk(current, query) as Generator<Line<ListedObject>>,
    *versions(query) {
      if (query.afterId !== undefined) {
        for (const row of older.iterate(query.bucket, Buffer.from(query.after), query.afterId)) {
          const listed = row as unknown as Row
          yield { entry: toListed(bytesOf(listed).toString(), listed) }
        }
      }
      yield* walk(all, query)
    },
  }
}

function* walk(statement: StatementSync, query: Query): Generator<Line<ListedVersion>> {
  const prefix = Buffer.from(query.prefix)
  const delimiter = Buffer.from(query.delimiter)
  let seek: Buffer | undefined = firstKey(prefix, delimiter, Buffer.from(query.after))
  while (seek) seek = yield* walkFrom(statement, query.bucket, prefix, delimiter, seek)
}

/** Yields lines until the end (undefined) or until a seek is worth it (where to go on). */
function* walkFrom(
  statement: StatementSync,
  bucket: number,
  prefix: Buffer,
  delimiter: Buffer,
  from: Buffer,
): Generator<Line<ListedVersion>, Buffer | undefined> {
  let group: Buffer | undefined
  let steps = 0
  const batch = delimiter.length === 0 ? WHOLE_PAGE : FEW
  for (const row of rowsFrom(statement, bucket, from, batch)) {
    const key = bytesOf(row)
    if (!startsWith(key, prefix)) return undefined
    if (group && startsWith(key, group)) {
      if (++steps > STEPS_BEFORE_SEEK) return after(group)
      continue
    }
    group = commonPrefix(key, prefix, delimiter)
    steps = 0
    yield group ? { commonPrefix: group.toString() } : { entry: toListed(key.toString(), row) }
  }
  return undefined
}

/** Rows are fetched by the batch: node:sqlite takes several times longer over one at a time. */
function* rowsFrom(statement: StatementSync, bucket: number, from: Buffer, batch: number): Generator<Row, void, void> {
  for (let offset = 0; ; offset += batch) {
    const rows = statement.all(bucket, from, batch, offset) as unknown as Row[]
    yield* rows
    if (rows.length < batch) return
  }
}

function bytesOf([key]: Row): Buffer {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength)
}

function toListed(
  key: string,
  [, version, latest, marker, modifiedMs, size, etag, storageClass, algorithm, type]: Row,
): ListedVersion {
  const base = { key, version, latest: latest === 1, modifiedMs }
  if (marker === 1) return { ...base, marker: true }
  return {
    ...base,
    marker: false,
    size,
    etag,
    storageClass,
    checksum: algorithm === null || type === null ? undefined : { algorithm, type },
  }
}

/** The first key that may be listed; undefined if none can be. */
function firstKey(prefix: Buffer, delimiter: Buffer, marker: Buffer): Buffer | undefined {
  if (marker.length === 0 || Buffer.compare(marker, prefix) < 0) return prefix
  const group = startsWith(marker, prefix) ? commonPrefix(marker, prefix, delimiter) : undefined
  // A marker that is itself a common prefix stands for all of its keys; any other excludes just itself.
  if (group && group.length === marker.length) return after(group)
  return Buffer.concat([marker, Buffer.from([0])])
}

function commonPrefix(key: Buffer, prefix: Buffer, delimiter: Buffer): Buffer | undefined {
  if (delimiter.length === 0) return undefined
  const found = key.indexOf(delimiter, prefix.length)
  return found === -1 ? undefined : key.subarray(0, found + delimiter.length)
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
}

/** The first byte string behind all that begin with this one. */
function after(prefix: Buffer): Buffer | undefined {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  if (end === 0) return undefined
  const next = Buffer.from(prefix.subarray(0, end))
  next[end - 1] = (next[end - 1] ?? 0) + 1
  return next
}
