import { describe, expect, onTestFinished, test } from 'vitest'
import { openCatalog, type StoredCatalog } from '../../../../electron/store/catalog.ts'
import { openDatabase } from '../../../../electron/store/database.ts'
import { here, keysOf, list, object, page, signal, testCatalog } from './kit.ts'

describe('a folder that was listed', () => {
  test('shows folders first, then objects, and the total of both', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['b', 'a', 'z/1', 'c/2/3', 'c/4'])
    expect(keysOf(page(catalog))).toEqual(['c/', 'z/', 'a', 'b'])
    expect(page(catalog)).toMatchObject({ total: 4, complete: true, listedAt: expect.any(Date) as Date })
    expect(keysOf(page(catalog, 'c/'))).toEqual(['c/2/', 'c/4'])
  })

  test.for([
    ['name', false, ['a/', 'b/', 'p', 'qq', 'r']],
    ['name', true, ['b/', 'a/', 'r', 'qq', 'p']],
    ['size', false, ['a/', 'b/', 'p', 'r', 'qq']],
    ['size', true, ['a/', 'b/', 'qq', 'p', 'r']],
    ['date', true, ['a/', 'b/', 'qq', 'p', 'r']],
  ] as const)('by %s, descending: %s, page by page', ([sort, descending, expected]) => {
    const catalog = testCatalog()
    list(catalog, '', true, ['r', 'qq', 'p', 'b/1', 'a/1'])
    const pages = [0, 2, 4].map((offset) => page(catalog, '', { sort, descending, offset, limit: 2 }))
    expect(pages.flatMap(keysOf)).toEqual(expected)
    expect(pages.map(({ total }) => total)).toEqual([5, 5, 5])
    expect(page(catalog, '', { sort, descending, offset: 5 }).entries).toEqual([])
  })

  test('follows what changes after it was sorted', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['aa', 'b'])
    expect(keysOf(page(catalog, '', { sort: 'size' }))).toEqual(['b', 'aa'])
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('b', 9) }])
    expect(keysOf(page(catalog, '', { sort: 'size' }))).toEqual(['aa', 'b'])
  })

  test('hides the object that only marks it, and is there by that alone', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['empty/', 'full/', 'full/x'])
    expect(keysOf(page(catalog))).toEqual(['empty/', 'full/'])
    expect(page(catalog, 'empty/')).toMatchObject({ entries: [], total: 0, complete: true })
    expect(page(catalog, 'full/')).toMatchObject({ total: 1 })
  })

  test('takes names as they are', () => {
    const keys = ['a//b', '/c', "o'clock", 'é/\n', '%', '_', 'x\u0000y', '\u{1f600}/\u{1f600}']
    const catalog = testCatalog()
    list(catalog, '', true, keys)
    for (const key of keys) expect(catalog.listing.find('p', 'b', key)).toMatchObject({ key, etag: `"${key}"` })
    expect(keysOf(page(catalog, 'a/'))).toEqual(['a//'])
    expect(keysOf(page(catalog, 'a//'))).toEqual(['a//b'])
  })

  test('has the modes that the catalog knows for the same ETag', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['same', 'other'])
    const known = { ...here, size: 1, mode: 'cse-c' as const, keyId: 'k', format: undefined }
    catalog.remember({ ...known, key: 'same', etag: '"same"' })
    catalog.remember({ ...known, key: 'other', etag: '"older"' })
    expect(page(catalog).entries).toMatchObject([{ mode: undefined }, { mode: 'cse-c', keyId: 'k' }])
  })
})

describe('what was never listed is not shown as whole', () => {
  test('a bucket that is not known', () => {
    expect(page(testCatalog())).toEqual({
      entries: [],
      total: 0,
      instructionFiles: 0,
      complete: false,
      listedAt: undefined,
    })
  })

  test('a listing under way shows what has come', () => {
    const catalog = testCatalog()
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    run.add({ objects: [object('a/1'), object('a/2')], folders: [] })
    expect(page(catalog, 'a/')).toMatchObject({ total: 2, complete: false })
    run.add({ objects: [object('a/3')], folders: [] })
    run.end()
    expect(page(catalog, 'a/')).toMatchObject({ total: 3, complete: true })
  })

  test('a listing that never ended, also of what was whole before; nothing of that is lost', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a/1', 'b/1'])
    const { listedAt } = page(catalog, 'a/')
    {
      using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
      run.add({ objects: [object('a/0')], folders: [] })
    }
    expect(page(catalog, 'a/')).toMatchObject({ total: 2, complete: false, listedAt })
    expect(page(catalog, 'b/')).toMatchObject({ total: 1 })
    list(catalog, 'a/', false, ['a/0'])
    expect(page(catalog, 'a/')).toMatchObject({ total: 1, complete: true })
  })

  test('a listing that has not had its first page leaves what is there as it is', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a'])
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    expect(run.scope.prefix).toBe('')
    expect(page(catalog)).toMatchObject({ total: 1, complete: true })
  })

  test('a folder of which only the name came', () => {
    const catalog = testCatalog()
    list(catalog, '', false, ['x'], ['a/'])
    expect(page(catalog)).toMatchObject({ total: 2, complete: true })
    expect(page(catalog, 'a/')).toMatchObject({ total: 0, complete: false })
  })

  test('a folder that appeared after everything was listed', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['old/1'])
    list(catalog, '', false, [], ['old/', 'new/'])
    expect(page(catalog, 'old/')).toMatchObject({ total: 1, complete: true })
    expect(page(catalog, 'new/').complete).toBe(false)
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('new/sub/mine') }])
    expect(page(catalog, 'new/sub/')).toMatchObject({ total: 1, complete: false })
  })

  test('a folder that was emptied here and filled by someone else', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a/1', 'b'])
    catalog.gone('p', 'b', 'a/1')
    expect(keysOf(page(catalog))).toEqual(['b'])
    list(catalog, '', false, ['b'], ['a/'])
    expect(page(catalog, 'a/')).toMatchObject({ total: 0, complete: false })
  })
})

describe('a listing that comes to its end', () => {
  test('takes away what is gone from S3, with the folders that held it', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a', 'b/1', 'b/2', 'c/d/e/1'])
    list(catalog, '', true, ['b/2'])
    expect(keysOf(page(catalog))).toEqual(['b/'])
    expect(keysOf(page(catalog, 'b/'))).toEqual(['b/2'])
    expect(page(catalog, 'c/d/')).toMatchObject({ total: 0, complete: true })
  })

  test('of one folder leaves what is below and beside it', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a/1', 'a/b/1', 'a/c/1', 'a0/1', 'z'])
    list(catalog, 'a/', false, ['a/2'], ['a/b/'])
    expect(keysOf(page(catalog, 'a/'))).toEqual(['a/b/', 'a/2'])
    expect(page(catalog, 'a/c/').total).toBe(0)
    expect(page(catalog, 'a/b/')).toMatchObject({ total: 1, complete: true })
    expect(keysOf(page(catalog))).toEqual(['a/', 'a0/', 'z'])
  })

  test('below a folder leaves what is beside it', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a/1', 'a/b/1', 'a0/1', 'z'])
    list(catalog, 'a/', true, [])
    expect(keysOf(page(catalog))).toEqual(['a0/', 'z'])
    expect(page(catalog, 'a/')).toMatchObject({ total: 0, complete: true })
  })

  test('keeps what Coffer wrote and removed while it ran, whatever a late page says', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['removed'])
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('written/new') }])
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('changed', 2) }])
    catalog.gone('p', 'b', 'removed')
    run.add({ objects: [object('changed', 1), object('removed')], folders: [] })
    run.end()
    expect(keysOf(page(catalog))).toEqual(['written/', 'changed'])
    expect(catalog.listing.find('p', 'b', 'changed')).toMatchObject({ size: 2 })
  })

  test('keeps what another process wrote while it ran', () => {
    const catalog = testCatalog()
    const other = openDatabase(catalog.home)
    onTestFinished(() => other.close())
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    openCatalog(other).listing.stored([{ place: 'p', bucket: 'b', ...object('by/another') }])
    run.add({ objects: [object('a')], folders: [] })
    run.end()
    expect(keysOf(page(catalog))).toEqual(['by/', 'a'])
  })

  test('does not take away what one that began later has seen', () => {
    const catalog = testCatalog()
    using early = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    using late = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    late.add({ objects: [object('a')], folders: [] })
    early.add({ objects: [object('a')], folders: [] })
    late.end()
    expect(keysOf(page(catalog))).toEqual(['a'])
    early.end()
    expect(keysOf(page(catalog))).toEqual(['a'])
  })

  test('takes nothing that lies outside of what was asked for', () => {
    const catalog = testCatalog()
    list(catalog, 'a/', true, ['a/1', 'b/1'], ['c/'])
    expect(keysOf(page(catalog))).toEqual(['a/'])
  })
})

test('a place that is removed takes its listings with it', () => {
  const catalog = testCatalog()
  list(catalog, '', true, ['a'])
  catalog.forgetPlace('p')
  expect(page(catalog)).toMatchObject({ total: 0, complete: false })
  expect(catalog.db.prepare('SELECT count(*) AS n FROM listed_objects').get()).toEqual({ n: 0 })
})

describe('a search', () => {
  const search = ({ listing }: StoredCatalog, words: string[], prefix = '', limit = 10, offset = 0) =>
    listing.search({ ...here, prefix, words, offset, limit }, signal)
  const found = async (catalog: StoredCatalog, words: string[], prefix = '') =>
    (await search(catalog, words, prefix)).entries.map(({ key }) => key)

  test('finds all words, in any case and order, in the name before in the path', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['Holiday/2024/Beach.JPG', 'beach 2024 holiday.jpg', 'holiday/plan.txt', 'work/beach'])
    expect(await found(catalog, ['HOLIDAY', 'beach'])).toEqual(['beach 2024 holiday.jpg', 'Holiday/2024/Beach.JPG'])
    expect(await found(catalog, ['jpg', '2024'])).toEqual(['beach 2024 holiday.jpg', 'Holiday/2024/Beach.JPG'])
    expect(await found(catalog, ['day/pl'])).toEqual(['holiday/plan.txt'])
    expect(await found(catalog, ['nowhere'])).toEqual([])
  })

  test('finds letters beyond ASCII in any case, and accents however they are written', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['Ünïcode', 'caf\u0065\u0301', 'ΟΔΟΣ', 'plain'])
    expect(await found(catalog, ['üNÏ'])).toEqual(['Ünïcode'])
    expect(await found(catalog, ['CAFÉ'])).toEqual(['caf\u0065\u0301'])
    expect(await found(catalog, ['οδος'])).toEqual(['ΟΔΟΣ'])
  })

  test('takes no two keys for one', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['ab', 'cd', 'cde'])
    expect(await found(catalog, ['bc'])).toEqual([])
    expect(await found(catalog, ['cd'])).toEqual(['cd', 'cde'])
    expect(await found(catalog, ['b', 'c'])).toEqual([])
  })

  test('below a folder looks nowhere else', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a/x', 'a/b/x', 'A/x', 'a0/x', 'x'])
    expect(await search(catalog, ['x'], 'a/')).toMatchObject({ total: 2, searched: 2 })
    expect(await found(catalog, ['x'], 'a/')).toEqual(['a/x', 'a/b/x'])
  })

  test('tells how many there are beyond its limit', async () => {
    const catalog = testCatalog()
    const keys = Array.from({ length: 50 }, (_, at) => `x${at}`)
    list(catalog, '', true, keys)
    const result = await search(catalog, ['x'], '', 7)
    expect(result).toMatchObject({ total: 50, searched: 50 })
    expect(result.entries).toHaveLength(7)
  })

  test('goes on behind those that were shown, from names to paths, up to the last', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['x/1', 'x/2', 'x/x3', 'y/x4', 'y/x5'])
    const keys = async (offset: number): Promise<string[]> =>
      (await search(catalog, ['x'], '', 2, offset)).entries.map(({ key }) => key)
    expect([await keys(0), await keys(2), await keys(4), await keys(6)]).toEqual([
      ['x/x3', 'y/x4'],
      ['y/x5', 'x/1'],
      ['x/2'],
      [],
    ])
  })

  test('follows every change', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a1', 'a2'])
    expect(await found(catalog, ['a'])).toEqual(['a1', 'a2'])
    catalog.listing.stored([{ place: 'p', bucket: 'b', ...object('a0') }])
    catalog.gone('p', 'b', 'a1')
    expect(await found(catalog, ['a'])).toEqual(['a0', 'a2'])
    list(catalog, '', true, ['a9'])
    expect(await found(catalog, ['a'])).toEqual(['a9'])
  })

  test('goes through a bucket of many parts', async () => {
    const catalog = testCatalog()
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    for (const folder of ['a', 'b', 'c', 'd', 'e']) {
      const objects = Array.from({ length: 50_000 }, (_, at) => object(`${folder}/${at}`, 1))
      run.add({ objects, folders: [] })
    }
    run.end()
    expect(await search(catalog, ['/49999'])).toMatchObject({ total: 5, searched: 250_000 })
    expect(await search(catalog, ['4999'], 'e/')).toMatchObject({ total: 15, searched: 50_000 })
    const stop = new AbortController()
    const searching = catalog.listing.search({ ...here, prefix: '', words: ['1'], offset: 0, limit: 1 }, stop.signal)
    stop.abort()
    await expect(searching).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
