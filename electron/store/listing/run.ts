import type { DatabaseSync } from 'node:sqlite'
import { transaction } from '../../base/transaction.ts'
import type { Scope } from './listing.ts'
import { splitKey, type FolderRow, type ListedObject, type ListedTables, type ObjectRow } from './tables.ts'

/** What one answer of S3 lists. */
export interface ListedPage {
  objects: ListedObject[]
  /** Folders that are only named, because what is below them was not asked for; they end with `/`. */
  folders: string[]
}

/** A listing under way. One that is never ended leaves what it has seen, and its folders as not wholly known. */
export interface ListingRun {
  /** Takes in a page, in one transaction. */
  add(page: ListedPage): void
  /** Nothing more will come: what was not seen is gone from S3, and goes here. */
  end(): void
  /** Coffer itself has just written or removed this key, and knows better than a page that may be on its way. */
  told(key: string): void
  readonly scope: Scope
}

/** Begins a listing. It has to begin before S3 is asked, so that what is written meanwhile is not taken for gone. */
export function beginRun(db: DatabaseSync, tables: ListedTables, scope: Scope): ListingRun {
  const { place, prefix, recursive } = scope
  const bucket = transaction(db, () => tables.bucket(place, scope.bucket))
  const run = tables.nextRun(bucket)
  const told = new Set<string>()
  const linked = new Map<string, FolderRow>()
  const filled = new Map<string, number>()
  let opened = false

  const nameFolder = (path: string): void => {
    if (!linked.has(path)) linked.set(path, tables.link(bucket, path, run, 'by-name', linked))
  }
  /** A folder in which there is an object is in doubt until all of it has come. */
  const fill = (path: string): number => {
    const known = filled.get(path)
    if (known !== undefined) return known
    const row = tables.link(bucket, path, run, 'by-object', linked)
    linked.set(path, row)
    filled.set(path, row.id)
    return row.id
  }
  const open = (): void => {
    if (!opened) tables.opened(bucket, prefix, run)
    opened = true
  }
  const isMeant = (key: string): boolean => key.startsWith(prefix) && !told.has(key)

  const rowOf = ({ key, size, modified, etag }: ListedObject): ObjectRow[] => {
    const { path, name } = splitKey(key)
    if (!isMeant(key) || (!recursive && path !== prefix)) return []
    return [{ folder: fill(path), name, size, modified, etag }]
  }

  return {
    scope,
    told: (key) => void told.add(key),
    add: (page) =>
      transaction(db, () => {
        open()
        for (const path of page.folders) if (path.startsWith(prefix)) nameFolder(path)
        tables.putObjects(page.objects.flatMap(rowOf), run)
        tables.changed(bucket)
      }),
    end: () =>
      transaction(db, () => {
        if (recursive) tables.endDeep(bucket, prefix, run, Date.now())
        else tables.endShallow(bucket, prefix, run, Date.now())
        tables.changed(bucket)
      }),
  }
}
