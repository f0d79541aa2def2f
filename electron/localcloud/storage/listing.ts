import type { StatementSync } from 'node:sqlite'
import type { Database } from './database.ts'
import { toVersion, type ObjectVersion, type Version, type VersionRow } from './versions.ts'

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
  objects(query: Query): Generator<Line<ObjectVersion>>
  /** All versions and delete markers, newest first within a key; with `afterId`, those of the key `after` older than it first. */
  versions(query: Query & { afterId: number | undefined }): Generator<Line<Version>>
}

/** After so many rows under one common prefix, seeking past it is cheaper than stepping on. */
const STEPS_BEFORE_SEEK = 16

/** Listings by index: a page costs what it shows, not what the bucket holds. */
export function openListing({ sql }: Database): Listing {
  const current = sql.prepare(
    'SELECT * FROM versions WHERE bucket = ? AND latest = 1 AND marker = 0 AND key >= ? ORDER BY key',
  )
  const all = sql.prepare('SELECT * FROM versions WHERE bucket = ? AND key >= ? ORDER BY key, id DESC')
  const older = sql.prepare('SELECT * FROM versions WHERE bucket = ? AND key = ? AND id < ? ORDER BY id DESC')
  return {
    objects: (query) => walk(current, query) as Generator<Line<ObjectVersion>>,
    *versions(query) {
      if (query.afterId !== undefined) {
        for (const row of older.iterate(query.bucket, Buffer.from(query.after), query.afterId)) {
          yield { entry: toVersion(row as unknown as VersionRow) }
        }
      }
      yield* walk(all, query)
    },
  }
}

function* walk(statement: StatementSync, query: Query): Generator<Line<Version>> {
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
): Generator<Line<Version>, Buffer | undefined> {
  let group: Buffer | undefined
  let steps = 0
  for (const raw of statement.iterate(bucket, from)) {
    const row = raw as unknown as VersionRow
    const key = Buffer.from(row.key)
    if (!startsWith(key, prefix)) return undefined
    if (group && startsWith(key, group)) {
      if (++steps > STEPS_BEFORE_SEEK) return after(group)
      continue
    }
    group = commonPrefix(key, prefix, delimiter)
    steps = 0
    yield group ? { commonPrefix: group.toString() } : { entry: toVersion(row) }
  }
  return undefined
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
