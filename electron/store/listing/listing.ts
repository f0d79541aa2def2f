import type { DatabaseSync } from 'node:sqlite'
import { transaction } from '../../base/transaction.ts'
import { openFolderPages, type FolderPage, type FolderQuery, type ListedEntry } from './folder-pages.ts'
import { openKnown, type KnownBucket } from './known.ts'
import { beginRun, type ListingRun } from './run.ts'
import { openSearch, type Search } from './search.ts'
import { openListedTables, splitKey, type FolderRow, type ListedObject } from './tables.ts'

/** What is to be listed. */
export interface Scope {
  place: string
  bucket: string
  /** '' for the whole bucket; a folder's ends with `/`. */
  prefix: string
  /** Everything below, instead of what is in the folder. */
  recursive: boolean
}

/** An object that Coffer has written. */
export interface StoredObject extends ListedObject {
  place: string
  bucket: string
}

/**
 * What is in the buckets, as far as they have been listed: what folder views and searches are answered from, without asking
 * S3. What Coffer itself stores and removes is told at once; everything else shows with the next listing.
 */
export interface Listing {
  /** Begins a listing. Its pages show as they land; what S3 has no longer goes when it ends. */
  begin(scope: Scope): ListingRun & Disposable
  /** Objects were written by Coffer. */
  stored(objects: StoredObject[]): void
  /** An object was removed by Coffer. */
  gone(place: string, bucket: string, key: string): void
  /** An object, as far as it is known; null if it is not. */
  find(place: string, bucket: string, key: string): ListedEntry | null
  /** True if a folder is in the view of the one above it, as far as that is known. */
  shows(place: string, bucket: string, path: string): boolean
  /** A part of a folder's view. */
  page(query: FolderQuery): FolderPage
  search: Search
  /** How much is in a place's buckets. */
  known(place: string): KnownBucket[]
  forgetBucket(place: string, bucket: string): void
  forgetPlace(place: string): void
}

export function openListing(db: DatabaseSync): Listing {
  const tables = openListedTables(db)
  const running = new Set<ListingRun>()

  const tell = (place: string, bucket: string, key: string): void => {
    for (const run of running) if (run.scope.place === place && run.scope.bucket === bucket) run.told(key)
  }
  /** In one bucket. */
  const storedTogether = (objects: StoredObject[]): void => {
    const [first] = objects
    if (first === undefined) return
    const bucket = tables.bucket(first.place, first.bucket)
    const run = tables.lastRun(bucket)
    const seen = new Map<string, FolderRow>()
    const rows = objects.map(({ key, size, modified, etag }) => {
      const { path, name } = splitKey(key)
      const folder = seen.get(path) ?? tables.link(bucket, path, run, 'by-write', seen)
      seen.set(path, folder)
      return { folder: folder.id, name, size, modified, etag }
    })
    tables.putObjects(rows, run)
    tables.changed(bucket)
  }
  const folders = openFolderPages(db, tables)
  const search = openSearch(db, tables, folders.entries)
  return {
    page: (query) => folders.page(query),
    search,
    known: openKnown(db),
    begin(scope) {
      const run = beginRun(db, tables, scope)
      running.add(run)
      return { ...run, [Symbol.dispose]: () => void running.delete(run) }
    },
    stored(objects) {
      for (const { place, bucket, key } of objects) tell(place, bucket, key)
      const buckets = Map.groupBy(objects, ({ place, bucket }) => `${place}\n${bucket}`)
      transaction(db, () => {
        for (const inBucket of buckets.values()) storedTogether(inBucket)
      })
    },
    gone(place, bucketName, key) {
      tell(place, bucketName, key)
      transaction(db, () => {
        const bucket = tables.findBucket(place, bucketName)
        const { path, name } = splitKey(key)
        const folder = bucket === null ? null : tables.folder(bucket, path)
        if (bucket === null || folder === null || !tables.removeObject(folder.id, name)) return
        tables.unlinkIfEmpty(bucket, path)
        tables.changed(bucket)
      })
    },
    find(place, bucketName, key) {
      const bucket = tables.findBucket(place, bucketName)
      const { path, name } = splitKey(key)
      const id = bucket === null ? null : tables.findObject(bucket, path, name)
      return id === null ? null : (folders.entries(place, bucketName, [id])[0] ?? null)
    },
    shows(place, bucketName, path) {
      const bucket = tables.findBucket(place, bucketName)
      return bucket !== null && (tables.folder(bucket, path)?.parent ?? null) !== null
    },
    forgetBucket: (place, bucket) => tables.forgetBucket(place, bucket),
    forgetPlace: (place) => tables.forgetPlace(place),
  }
}
