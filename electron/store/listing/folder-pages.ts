import type { DatabaseSync } from 'node:sqlite'
import type { ObservedMode } from '../../base/mode-names.ts'
import { openInstructionCount, WITHOUT_INSTRUCTION_FILES } from './instruction-files.ts'
import { openOrders, type Sort } from './orders.ts'
import { parentOf, type ListedTables } from './tables.ts'

export interface FolderQuery {
  place: string
  bucket: string
  /** '' for the bucket itself; a folder's ends with `/`. */
  prefix: string
  sort: Sort
  descending: boolean
  offset: number
  limit: number
}

/** A line of a folder's view or of a search's result. */
export interface ListedEntry {
  kind: 'object' | 'folder'
  key: string
  size: number
  lastModified: Date | undefined
  etag: string | undefined
  /** From the catalog, if it is known for this ETag. */
  mode: ObservedMode | undefined
  keyId: string | undefined
}

export interface FolderPage {
  /** Folders first. Whatever objects are sorted by, folders are by name. */
  entries: ListedEntry[]
  /** How many entries there are in all. */
  total: number
  /** How many instruction files are in it; they are no entries, for they belong to objects that are. */
  instructionFiles: number
  /** True if all of it is shown as S3 had it at `listedAt`; false if it was never listed to its end, or is being listed. */
  complete: boolean
  listedAt: Date | undefined
}

/** The objects with these row numbers, in this order; one that is gone is left out. */
export type ReadEntries = (place: string, bucket: string, ids: Iterable<number>) => ListedEntry[]

const COLUMNS = `o.name, o.size, o.modified, o.etag, c.mode, c.key_id AS keyId FROM listed_objects AS o
  LEFT JOIN catalog AS c ON c.place = ? AND c.bucket = ? AND c.key = ? || o.name AND c.etag = o.etag`

/** The folder that a key marks by its own name (`name = ''`) is no entry in itself. */
export function openFolderPages(
  db: DatabaseSync,
  tables: ListedTables,
): { page(query: FolderQuery): FolderPage; entries: ReadEntries } {
  const orders = openOrders(db)
  const folderCount = db.prepare('SELECT count(*) AS n FROM listed_folders WHERE parent = ?')
  const folders = inBothDirections((direction) =>
    db.prepare(`SELECT path FROM listed_folders WHERE parent = ? ORDER BY path ${direction} LIMIT ? OFFSET ?`),
  )
  const byName = (without: string) =>
    inBothDirections((direction) =>
      db.prepare(
        `SELECT ${COLUMNS} WHERE o.folder = ? AND o.name > '' ${without} ORDER BY o.name ${direction} LIMIT ? OFFSET ?`,
      ),
    )
  // To look at the name of each row that is passed over takes a while, and most folders hold no instruction file.
  const [objectsOnly, allObjects] = [byName(WITHOUT_INSTRUCTION_FILES), byName('')]
  const instructionFilesIn = openInstructionCount(db)
  const pathOf = db.prepare(
    'SELECT f.path FROM listed_objects AS o JOIN listed_folders AS f ON f.id = o.folder WHERE o.id = ?',
  )
  const byId = db.prepare(`SELECT ${COLUMNS} WHERE o.id = ?`)

  const entries: ReadEntries = (place, bucket, ids) => {
    const found: ListedEntry[] = []
    for (const id of ids) {
      const path = pathOf.get(id)?.['path'] as string | undefined
      const row = path === undefined ? undefined : byId.get(place, bucket, path, id)
      if (path !== undefined && row !== undefined) found.push(toEntry(path, row))
    }
    return found
  }

  const objectsIn = (
    { id, objects }: { id: number; objects: { count: number; isFiltered: boolean } },
    query: FolderQuery,
    stamp: number,
    { skip, limit }: { skip: number; limit: number },
  ): ListedEntry[] => {
    const { place, bucket, prefix, sort, descending } = query
    if (skip >= objects.count || limit <= 0) return []
    if (sort !== 'name')
      return entries(place, bucket, orders({ folder: id, sort, descending, stamp }).subarray(skip, skip + limit))
    const byName = objects.isFiltered ? objectsOnly : allObjects
    return byName(descending)
      .all(place, bucket, prefix, id, limit, skip)
      .map((row) => toEntry(prefix, row))
  }

  return {
    entries,
    page(query) {
      const { prefix, sort, descending, offset, limit } = query
      const bucket = tables.findBucket(query.place, query.bucket)
      if (bucket === null) return { ...NOTHING, complete: false, listedAt: undefined }
      const standing = standingOf(tables, bucket, prefix)
      const row = tables.folder(bucket, prefix)
      if (row === null) return { ...NOTHING, ...standing }
      const below = Number(folderCount.get(row.id)?.['n'])
      const shown = offset >= below ? [] : folders(sort === 'name' && descending).all(row.id, limit, offset)
      const first = shown.map((line) => toFolderEntry(String(line['path'])))
      const rest = { skip: Math.max(0, offset - below), limit: limit - first.length }
      const instructionFiles = instructionFilesIn(row.id)
      const shownObjects = { count: row.objects - instructionFiles, isFiltered: instructionFiles > 0 }
      const objects = objectsIn({ id: row.id, objects: shownObjects }, query, tables.changes(bucket), rest)
      const total = below + shownObjects.count
      return { entries: [...first, ...objects], total, instructionFiles, ...standing }
    },
  }
}

/** When a folder was listed, by itself or with one above it; of a folder that is not known, whether that is known. */
function standingOf(
  tables: ListedTables,
  bucket: number,
  prefix: string,
): { complete: boolean; listedAt: Date | undefined } {
  let complete = true
  let wholeAt: number | null = null
  let anyAt: number | null = null
  for (let path = prefix, own = true; ; path = parentOf(path)) {
    const row = tables.folder(bucket, path)
    if (row !== null) {
      complete &&= row.whole
      const at = Math.max(row.deepAt ?? 0, own ? (row.listedAt ?? 0) : 0) || null
      if (complete) wholeAt = later(wholeAt, at)
      anyAt = later(anyAt, at)
      // Below a folder that is not there nothing is; the first that is there tells by itself.
      own = false
    }
    if (path === '') break
  }
  const listedAt = wholeAt ?? anyAt
  return { complete: wholeAt !== null, listedAt: listedAt === null ? undefined : new Date(listedAt) }
}

function later(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

const NOTHING = { entries: [], total: 0, instructionFiles: 0 }

function inBothDirections<T>(prepare: (direction: 'ASC' | 'DESC') => T): (descending: boolean) => T {
  const [up, down] = [prepare('ASC'), prepare('DESC')]
  return (descending) => (descending ? down : up)
}

function toEntry(path: string, row: Record<string, unknown>): ListedEntry {
  return {
    kind: 'object',
    key: path + String(row['name']),
    size: row['size'] as number,
    lastModified: new Date(row['modified'] as number),
    etag: row['etag'] as string,
    mode: (row['mode'] as ObservedMode | null) ?? undefined,
    keyId: (row['keyId'] as string | null) ?? undefined,
  }
}

function toFolderEntry(key: string): ListedEntry {
  const nothing = { size: 0, lastModified: undefined, etag: undefined, mode: undefined, keyId: undefined }
  return { kind: 'folder', key, ...nothing }
}
