import type { DatabaseSync } from 'node:sqlite'

/** An object as a listing tells it. */
export interface ListedObject {
  key: string
  /** As stored. */
  size: number
  /** Milliseconds since 1970. */
  modified: number
  /** With its quotes, as S3 gives it. */
  etag: string
}

export interface FolderRow {
  id: number
  parent: number | null
  /** How many objects are in it, without the one that only marks it. */
  objects: number
  /** False: only its name is known, or a listing of it did not come to its end. */
  whole: boolean
  listedAt: number | null
  deepAt: number | null
}

/** An object where it lies. */
export interface ObjectRow extends Omit<ListedObject, 'key'> {
  folder: number
  name: string
}

/** How a folder came to be known: by an object in it, by its name in a listing, or because it is about to be listed. */
export type Known = 'by-object' | 'by-name' | 'by-write'

/** The rows of buckets, folders and objects, without transactions of their own. */
export interface ListedTables {
  /** The bucket's row, made if it is missing. */
  bucket(place: string, bucket: string): number
  findBucket(place: string, bucket: string): number | null
  /** The number of a listing that begins now, and of the one that was begun last. */
  nextRun(bucket: number): number
  lastRun(bucket: number): number
  /** Something in the bucket has changed: what others keep in memory of it is out of date. */
  changed(bucket: number): void
  /** How often it has. */
  changes(bucket: number): number
  folder(bucket: number, path: string): FolderRow | null
  /**
   * A folder, linked to those above it, all of which are made if they are missing. Those in `seen` have been linked by the
   * same listing, and are not again.
   */
  link(bucket: number, path: string, run: number, known: Known, seen?: Map<string, FolderRow>): FolderRow
  /** A folder that is about to be listed; nothing is known to be in it, so no other folder shows it yet. */
  opened(bucket: number, path: string, run: number): FolderRow
  putObjects(objects: ObjectRow[], run: number): void
  /** The row number of an object. */
  findObject(bucket: number, path: string, name: string): number | null
  /** False if it was not there. */
  removeObject(folder: number, name: string): boolean
  /** Takes a folder out of the one above it, and that one out of its own, as long as they are known to be empty. */
  unlinkIfEmpty(bucket: number, path: string): void
  /** Ends a listing: what it has not seen goes. */
  endDeep(bucket: number, path: string, run: number, now: number): void
  endShallow(bucket: number, path: string, run: number, now: number): void
  forgetBucket(place: string, bucket: string): void
  forgetPlace(place: string): void
}

/** Rows of one INSERT: a third of the time that one at a time takes. */
const ROWS = 50

/** Sorts behind every text (SQLite, "Datatypes": a BLOB is larger than any TEXT). */
const BEHIND_ALL = Buffer.from([0xff])

export function openListedTables(db: DatabaseSync): ListedTables {
  const addBucket = db.prepare('INSERT OR IGNORE INTO listed_buckets (place, bucket) VALUES (?, ?)')
  const findBucket = db.prepare('SELECT id FROM listed_buckets WHERE place = ? AND bucket = ?')
  const nextRun = db.prepare('UPDATE listed_buckets SET run = run + 1 WHERE id = ? RETURNING run')
  const lastRun = db.prepare('SELECT run FROM listed_buckets WHERE id = ?')
  const changed = db.prepare('UPDATE listed_buckets SET changes = changes + 1 WHERE id = ?')
  const changes = db.prepare('SELECT changes FROM listed_buckets WHERE id = ?')
  const dropBucket = db.prepare('DELETE FROM listed_buckets WHERE place = ? AND bucket = ?')
  const dropPlace = db.prepare('DELETE FROM listed_buckets WHERE place = ?')

  const folder = db.prepare('SELECT * FROM listed_folders WHERE bucket = ? AND path = ?')
  const upsertFolder = (whole: string) =>
    db.prepare(`
      INSERT INTO listed_folders (bucket, path, parent, run, whole) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (bucket, path) DO UPDATE SET parent = excluded.parent, run = max(run, excluded.run), whole = ${whole}
      RETURNING *`)
  const upsert: Record<Known, ReturnType<typeof upsertFolder>> = {
    'by-object': upsertFolder('0'),
    // A folder that was known to be empty is there again, and what is in it is not known.
    'by-name': upsertFolder('CASE WHEN parent IS NULL THEN 0 ELSE whole END'),
    'by-write': upsertFolder('whole'),
  }
  const open = db.prepare(`
    INSERT INTO listed_folders (bucket, path, run, whole) VALUES (?, ?, ?, 0)
    ON CONFLICT (bucket, path) DO UPDATE SET run = max(run, excluded.run), whole = 0 RETURNING *`)
  const unlink = db.prepare(`
    UPDATE listed_folders SET parent = NULL WHERE id = ? AND whole = 1
      AND NOT EXISTS (SELECT 1 FROM listed_objects WHERE folder = listed_folders.id)
      AND NOT EXISTS (SELECT 1 FROM listed_folders AS below WHERE below.parent = listed_folders.id)`)

  const upsertObjects = (count: number) =>
    db.prepare(`
    INSERT INTO listed_objects (folder, name, size, modified, etag, run) VALUES ${Array(count).fill('(?, ?, ?, ?, ?, ?)').join()}
    ON CONFLICT (folder, name) DO UPDATE SET size = excluded.size, modified = excluded.modified, etag = excluded.etag,
      run = max(run, excluded.run)`)
  const [upsertOne, upsertMany] = [upsertObjects(1), upsertObjects(ROWS)]
  const findObject = db.prepare(`
    SELECT o.id FROM listed_folders AS f JOIN listed_objects AS o ON o.folder = f.id
    WHERE f.bucket = ? AND f.path = ? AND o.name = ?`)
  const dropObject = db.prepare('DELETE FROM listed_objects WHERE folder = ? AND name = ?')

  const unseenBelow = db.prepare('DELETE FROM listed_folders WHERE bucket = ? AND path > ? AND path < ? AND run < ?')
  const unseenObjectsBelow = db.prepare(`
    DELETE FROM listed_objects WHERE run < ? AND folder IN
      (SELECT id FROM listed_folders WHERE bucket = ? AND path >= ? AND path < ?)`)
  const wholeBelow = db.prepare(
    'UPDATE listed_folders SET whole = 1 WHERE bucket = ? AND path > ? AND path < ? AND whole = 0',
  )
  const endDeep = db.prepare('UPDATE listed_folders SET whole = 1, listed_at = ?, deep_at = ? WHERE id = ?')
  const unseenIn = db.prepare('SELECT path FROM listed_folders WHERE parent = ? AND run < ?')
  const dropFolders = db.prepare('DELETE FROM listed_folders WHERE bucket = ? AND path >= ? AND path < ?')
  const unseenObjectsIn = db.prepare('DELETE FROM listed_objects WHERE folder = ? AND run < ?')
  const endShallow = db.prepare('UPDATE listed_folders SET whole = 1, listed_at = ? WHERE id = ?')

  const find = (bucket: number, path: string): FolderRow | null => {
    const row = folder.get(bucket, path)
    return row === undefined ? null : toFolder(row)
  }
  const linkAnew = (
    bucket: number,
    path: string,
    run: number,
    known: Known,
    seen: Map<string, FolderRow>,
  ): FolderRow => {
    if (path === '') return find(bucket, '') ?? toFolder(upsert[known].get(bucket, '', null, run, 0))
    const parent = parentOf(path)
    const above = seen.get(parent) ?? linkAnew(bucket, parent, run, known === 'by-write' ? 'by-write' : 'by-name', seen)
    seen.set(parent, above)
    // In a folder that is wholly known, one that was not there before holds nothing but what is written into it now.
    const whole = known === 'by-write' && above.whole ? 1 : 0
    return toFolder(upsert[known].get(bucket, path, above.id, run, whole))
  }
  const link: ListedTables['link'] = (bucket, path, run, known, seen = new Map()) =>
    linkAnew(bucket, path, run, known, seen)
  const unlinkIfEmpty = (bucket: number, path: string): void => {
    if (path === '') return
    const row = find(bucket, path)
    if (row !== null && unlink.run(row.id).changes === 1) unlinkIfEmpty(bucket, parentOf(path))
  }
  const findBucketId = (place: string, bucket: string): number | null =>
    (findBucket.get(place, bucket)?.['id'] as number | undefined) ?? null

  return {
    bucket(place, bucket) {
      addBucket.run(place, bucket)
      return findBucketId(place, bucket) ?? 0
    },
    findBucket: findBucketId,
    nextRun: (bucket) => Number(nextRun.get(bucket)?.['run']),
    lastRun: (bucket) => Number(lastRun.get(bucket)?.['run']),
    changed: (bucket) => void changed.run(bucket),
    changes: (bucket) => Number(changes.get(bucket)?.['changes']),
    folder: find,
    link,
    opened: (bucket, path, run) => toFolder(open.get(bucket, path, run)),
    putObjects(objects, run) {
      const values = ({ folder: id, name, size, modified, etag }: ObjectRow) => [id, name, size, modified, etag, run]
      const many = objects.length - (objects.length % ROWS)
      for (let at = 0; at < many; at += ROWS) upsertMany.run(...objects.slice(at, at + ROWS).flatMap(values))
      for (const object of objects.slice(many)) upsertOne.run(...values(object))
    },
    findObject: (bucket, path, name) => (findObject.get(bucket, path, name)?.['id'] as number | undefined) ?? null,
    removeObject: (id, name) => dropObject.run(id, name).changes === 1,
    unlinkIfEmpty,
    endDeep(bucket, path, run, now) {
      const behind = behindAllOf(path)
      unseenBelow.run(bucket, path, behind, run)
      unseenObjectsBelow.run(run, bucket, path, behind)
      wholeBelow.run(bucket, path, behind)
      endDeep.run(now, now, toFolder(open.get(bucket, path, run)).id)
      unlinkIfEmpty(bucket, path)
    },
    endShallow(bucket, path, run, now) {
      const { id } = toFolder(open.get(bucket, path, run))
      for (const row of unseenIn.all(id, run)) {
        const below = String(row['path'])
        dropFolders.run(bucket, below, behindAllOf(below))
      }
      unseenObjectsIn.run(id, run)
      endShallow.run(now, id)
      unlinkIfEmpty(bucket, path)
    },
    forgetBucket: (place, bucket) => void dropBucket.run(place, bucket),
    forgetPlace: (place) => void dropPlace.run(place),
  }
}

/** The folder that a folder is in; '' for one at the top. */
export function parentOf(path: string): string {
  return path.slice(0, path.slice(0, -1).lastIndexOf('/') + 1)
}

/** A key as the folder it is in and its name there. */
export function splitKey(key: string): { path: string; name: string } {
  const at = key.lastIndexOf('/') + 1
  return { path: key.slice(0, at), name: key.slice(at) }
}

/** What sorts behind everything that begins with this folder's path: `0` follows `/`. */
function behindAllOf(path: string): string | Buffer {
  return path === '' ? BEHIND_ALL : `${path.slice(0, -1)}0`
}

function toFolder(row: Record<string, unknown> | undefined): FolderRow {
  if (row === undefined) throw new TypeError('SQLite returned no row for a folder.')
  return {
    id: row['id'] as number,
    parent: row['parent'] as number | null,
    objects: row['objects'] as number,
    whole: row['whole'] === 1,
    listedAt: row['listed_at'] as number | null,
    deepAt: row['deep_at'] as number | null,
  }
}
