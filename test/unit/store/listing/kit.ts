import type { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { openCatalog, type StoredCatalog } from '../../../../electron/store/catalog.ts'
import { openDatabase } from '../../../../electron/store/database.ts'
import type { FolderPage, FolderQuery } from '../../../../electron/store/listing/folder-pages.ts'
import type { ListedObject } from '../../../../electron/store/listing/tables.ts'
import { testFolder } from '../folder.ts'

export const here = { place: 'p', bucket: 'b' }
export const { signal } = new AbortController()

export function testCatalog(): StoredCatalog & { db: DatabaseSync; home: string } {
  const home = testFolder()
  const db = openDatabase(home)
  onTestFinished(() => db.close())
  return Object.assign(openCatalog(db), { db, home })
}

export function object(key: string, size = key.length): ListedObject {
  return { key, size, modified: 1_000 * size, etag: `"${key}"` }
}

/** Lists from start to end, in one page. */
export function list(
  { listing }: StoredCatalog,
  prefix: string,
  recursive: boolean,
  keys: string[],
  folders: string[] = [],
) {
  using run = listing.begin({ ...here, prefix, recursive })
  run.add({ objects: keys.map((key) => object(key)), folders })
  run.end()
}

export function page({ listing }: StoredCatalog, prefix = '', query: Partial<FolderQuery> = {}): FolderPage {
  return listing.page({ ...here, prefix, sort: 'name', descending: false, offset: 0, limit: 100, ...query })
}

export function keysOf({ entries }: FolderPage): string[] {
  return entries.map(({ key }) => key)
}
