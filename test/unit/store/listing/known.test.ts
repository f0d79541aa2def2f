import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCatalog, type StoredCatalog } from '../../../../electron/store/catalog.ts'
import { openDatabase } from '../../../../electron/store/database.ts'
import type { ListedObject } from '../../../../electron/store/listing/tables.ts'
import { MIGRATIONS } from '../../../../electron/store/migrations.ts'
import { testFolder } from '../folder.ts'

const here = { place: 'p', bucket: 'b' }

function testCatalog(): StoredCatalog {
  const db = openDatabase(testFolder())
  onTestFinished(() => db.close())
  return openCatalog(db)
}

function object(key: string, size = key.length): ListedObject {
  return { key, size, modified: 1_000, etag: `"${key}"` }
}

/** Lists from start to end, in one page. */
function list({ listing }: StoredCatalog, prefix: string, recursive: boolean, keys: string[], folders: string[] = []) {
  using run = listing.begin({ ...here, prefix, recursive })
  run.add({ objects: keys.map((key) => object(key)), folders })
  run.end()
}

function listedAt({ listing }: StoredCatalog, prefix = ''): Date | undefined {
  return listing.page({ ...here, prefix, sort: 'name', descending: false, offset: 0, limit: 1 }).listedAt
}

describe('how much is known to be in a bucket', () => {
  const known = ({ listing }: StoredCatalog) => listing.known('p')

  test('is nothing of a bucket that was never looked into', () => {
    const catalog = testCatalog()
    expect(known(catalog)).toEqual([])
    list(catalog, '', true, ['a'])
    expect(catalog.listing.known('elsewhere')).toEqual([])
  })

  test('counts all that was listed, and follows what is written, replaced and removed', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a', 'in/bb', 'in/deep/ccc', 'marks/'])
    const since = listedAt(catalog)
    const now = (objects: number, bytes: number) => [{ name: 'b', objects, bytes, complete: true, listedAt: since }]
    // The object that only marks a folder is no file, and its bytes are stored all the same.
    expect(known(catalog)).toEqual(now(3, 23))
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('in/new/d', 100) }])
    expect(known(catalog)).toEqual(now(4, 123))
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('in/new/d', 50) }])
    expect(known(catalog)).toEqual(now(4, 73))
    catalog.listing.gone('p', 'b', 'a')
    expect(known(catalog)).toEqual(now(3, 72))
  })

  test('is at least so much as long as a folder was not listed to its end', () => {
    const catalog = testCatalog()
    list(catalog, '', false, ['a'], ['in/'])
    expect(known(catalog)).toMatchObject([{ objects: 1, bytes: 1, complete: false }])
    list(catalog, 'in/', false, ['in/b'])
    expect(known(catalog)).toMatchObject([{ objects: 2, complete: true }])
    using run = catalog.listing.begin({ ...here, prefix: 'in/', recursive: false })
    run.add({ objects: [object('in/b')], folders: [] })
    expect(known(catalog)).toMatchObject([{ objects: 2, complete: false }])
  })

  test('is as old as the oldest listing that it rests on', async () => {
    const catalog = testCatalog()
    list(catalog, '', false, ['a'], ['in/', 'by/'])
    const first = listedAt(catalog)
    await new Promise((resolve) => setTimeout(resolve, 5))
    list(catalog, 'in/', true, ['in/b', 'in/deep/c'])
    list(catalog, 'by/', false, ['by/d'])
    expect(known(catalog)).toMatchObject([{ objects: 4, complete: true, listedAt: first }])
    list(catalog, '', false, ['a'], ['in/', 'by/'])
    const second = listedAt(catalog, 'in/')
    expect(second?.getTime()).toBeGreaterThan(first?.getTime() ?? 0)
    expect(known(catalog)).toMatchObject([{ listedAt: second }])
  })

  test('is counted of what an older Coffer has listed', () => {
    const home = testFolder()
    const old = new DatabaseSync(join(home, 'coffer.db'))
    for (const step of MIGRATIONS.slice(0, 7)) old.exec(step)
    old.exec(`
      PRAGMA user_version = 7;
      INSERT INTO listed_buckets (id, place, bucket) VALUES (1, 'p', 'b');
      INSERT INTO listed_folders (id, bucket, path, run, whole, listed_at) VALUES (1, 1, '', 1, 1, 1000);
      INSERT INTO listed_objects (folder, name, size, modified, etag, run) VALUES (1, 'a', 40, 1, '', 1), (1, 'b', 2, 1, '', 1)`)
    old.close()
    const db = openDatabase(home)
    onTestFinished(() => db.close())
    const { listing } = openCatalog(db)
    expect(listing.known('p')).toEqual([{ name: 'b', objects: 2, bytes: 42, complete: true, listedAt: new Date(1000) }])
    listing.gone('p', 'b', 'a')
    expect(listing.known('p')).toMatchObject([{ objects: 1, bytes: 2 }])
  })
})
