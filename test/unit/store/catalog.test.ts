import { expect, onTestFinished, test } from 'vitest'
import { openCatalog } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { testFolder } from './folder.ts'

const entry = { place: 'p', bucket: 'b', key: 'k', size: 1, mode: 'cse-c' as const, keyId: 'mine', format: undefined }

function catalogs() {
  const home = testFolder()
  const [db, other] = [openDatabase(home), openDatabase(home)]
  onTestFinished(() => [db, other].forEach((each) => each.close()))
  return { catalog: openCatalog(db), another: openCatalog(other) }
}

test('what is remembered is known before it is written down', () => {
  const { catalog, another } = catalogs()
  catalog.remember({ ...entry, etag: '"1"' })
  expect(another.recall('p', 'b', 'k')).toBeNull()
  expect(catalog.recall('p', 'b', 'k')).toMatchObject({ etag: '"1"', mode: 'cse-c' })
  expect(catalog.countByKey('mine')).toBe(1)
  expect(another.recall('p', 'b', 'k')).toMatchObject({ etag: '"1"' })
})

test('of what is stored and remembered at once, the last is what stays', () => {
  const { catalog, another } = catalogs()
  catalog.stored({ ...entry, etag: '"1"' }, 0)
  catalog.remember({ ...entry, etag: '"2"' })
  catalog.stored({ ...entry, etag: '"3"' }, 0)
  expect(catalog.recall('p', 'b', 'k')?.etag).toBe('"3"')
  expect(catalog.countByKey('mine')).toBe(1)
  expect(another.recall('p', 'b', 'k')?.etag).toBe('"3"')
})

test('what is forgotten before it is written down is not known', () => {
  const { catalog, another } = catalogs()
  catalog.remember({ ...entry, etag: '"1"' })
  catalog.forget('p', 'b', 'k')
  expect(catalog.recall('p', 'b', 'k')).toBeNull()
  expect(another.recall('p', 'b', 'k')).toBeNull()
})
