import { describe, expect, test } from 'vitest'
import { here, keysOf, list, object, page, signal, testCatalog } from './kit.ts'

describe('instruction files', () => {
  const keys = [
    'a',
    'a.instruction',
    'alone.instruction',
    'b',
    'b.instruction',
    'c/a',
    'd',
    'z.instruction.instruction',
  ]

  test.for(['name', 'size', 'date'] as const)('are no rows of a folder, by %s, but those without an object', (sort) => {
    const catalog = testCatalog()
    list(catalog, '', true, keys)
    const shown = ['c/', 'a', 'alone.instruction', 'b', 'd', 'z.instruction.instruction']
    const pages = [0, 2, 4].flatMap((offset) => keysOf(page(catalog, '', { sort, offset, limit: 2 })))
    expect(pages.sort()).toEqual(shown.sort())
    expect(page(catalog, '', { sort, limit: 1 })).toMatchObject({ total: shown.length, instructionFiles: 2 })
    expect(page(catalog, 'c/')).toMatchObject({ total: 1, instructionFiles: 0 })
  })

  test('come and go with what makes them such', () => {
    const catalog = testCatalog()
    list(catalog, '', true, ['a', 'a.instruction'])
    catalog.gone('p', 'b', 'a')
    expect(keysOf(page(catalog))).toEqual(['a.instruction'])
    list(catalog, '', true, ['a', 'a.instruction'])
    expect(keysOf(page(catalog))).toEqual(['a'])
    using run = catalog.listing.begin({ ...here, prefix: '', recursive: true })
    run.add({ objects: [object('a'), object('a.instruction', 64 * 1024 + 1)], folders: [] })
    run.end()
    expect(keysOf(page(catalog)), 'no envelope is so large').toEqual(['a', 'a.instruction'])
  })

  test('are not found by a search', async () => {
    const catalog = testCatalog()
    list(catalog, '', true, keys)
    const query = { ...here, prefix: '', words: ['instruction'], offset: 0, limit: 10 }
    const { entries, total, searched } = await catalog.listing.search(query, signal)
    expect(entries.map(({ key }) => key)).toEqual(['alone.instruction', 'z.instruction.instruction'])
    expect([total, searched]).toEqual([2, 6])
  })
})
