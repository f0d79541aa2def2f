import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { openActivity } from '../../../electron/store/activity.ts'
import { openCatalog, type CatalogEntry } from '../../../electron/store/catalog.ts'
import { transaction } from '../../../electron/base/transaction.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable, type KeyRow } from '../../../electron/store/keys.ts'
import { openPlaceTable, type Place } from '../../../electron/store/places.ts'
import { asText, openSettings } from '../../../electron/store/settings.ts'
import { testFolder } from './folder.ts'

function testDatabase(folder = testFolder()) {
  const db = openDatabase(folder)
  onTestFinished(() => {
    if (db.isOpen) db.close()
  })
  return db
}

test('every file of the database is its owner’s only', () => {
  const folder = testFolder()
  openSettings(testDatabase(folder)).set('a', 1)
  const files = readdirSync(folder)
  expect(files).toContain('coffer.db-wal')
  for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
})

test('what was written is there after reopening', () => {
  const folder = testFolder()
  const db = testDatabase(folder)
  openSettings(db).set('theme', 'dark')
  db.close()
  expect(openSettings(testDatabase(folder)).get('theme', asText)).toBe('dark')
})

test('a database of a newer Coffer is refused and left alone', () => {
  const folder = testFolder()
  const db = testDatabase(folder)
  db.exec('PRAGMA user_version = 1000')
  expect(() => openDatabase(folder)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }) as Error)
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1000 })
})

test('a transaction that throws leaves nothing', () => {
  const db = testDatabase()
  const settings = openSettings(db)
  const work = () => {
    settings.set('a', 1)
    throw new Error('no')
  }
  expect(() => transaction(db, work)).toThrow('no')
  expect(settings.get('a', Number)).toBeNull()
})

test('many processes open a new database and write to it at once', async () => {
  const folder = testFolder()
  const script = `
    const { openDatabase } = await import('./electron/store/database.ts')
    const { transaction } = await import('./electron/base/transaction.ts')
    const { openSettings } = await import('./electron/store/settings.ts')
    const db = openDatabase(${JSON.stringify(folder)})
    const settings = openSettings(db)
    for (let i = 0; i < 25; i++) transaction(db, () => settings.set('n', (settings.get('n', Number) ?? 0) + 1))
    if (settings.setOnce('first', process.pid)) console.log('first')
    db.close()`
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  const outputs = await Promise.all([run(), run(), run(), run()])
  expect(openSettings(testDatabase(folder)).get('n', Number)).toBe(100)
  expect(outputs.filter(({ stdout }) => stdout.includes('first'))).toHaveLength(1)
})

test('settings: a cleared one reads as null', () => {
  const settings = openSettings(testDatabase())
  settings.set('a', { deep: [1] })
  expect(settings.get('a', (value) => value)).toEqual({ deep: [1] })
  settings.clear('a')
  expect(settings.get('a', (value) => value)).toBeNull()
})

const ENTRY: CatalogEntry = {
  place: 'local',
  bucket: 'b',
  key: 'a/ü \u0001 key',
  etag: '"1"',
  size: 5 * 2 ** 40,
  mode: 'sse-c',
  keyId: 'f'.repeat(32),
  format: undefined,
}

test('catalog: remembers the newest, forgets, and knows what needs a key', () => {
  const catalog = openCatalog(testDatabase())
  expect(catalog.recall('local', 'b', ENTRY.key)).toBeNull()
  catalog.remember({ ...ENTRY, mode: 'cse-c', format: 'v3' })
  catalog.remember(ENTRY)
  expect(catalog.recall('local', 'b', ENTRY.key)).toEqual(ENTRY)
  catalog.remember({ ...ENTRY, key: 'other', mode: 'none', keyId: undefined })
  catalog.remember({ ...ENTRY, bucket: 'z', key: 'a' })
  catalog.remember({ ...ENTRY, bucket: 'z', key: 'b' })
  expect(catalog.bucketsByKey('f'.repeat(32))).toEqual([
    { place: 'local', bucket: 'z', objects: 2, bytes: 2 * ENTRY.size },
    { place: 'local', bucket: 'b', objects: 1, bytes: ENTRY.size },
  ])
  expect(catalog.countByKey('f'.repeat(32))).toBe(3)
  for (const key of ['a', 'b']) catalog.forget('local', 'z', key)
  expect(catalog.listByKey('f'.repeat(32), 10)).toEqual([ENTRY])
  catalog.forget('local', 'b', ENTRY.key)
  expect(catalog.bucketsByKey('f'.repeat(32))).toEqual([])
  catalog.forgetPlace('local')
  expect(catalog.recall('local', 'b', 'other')).toBeNull()
})

test('activity: newest first, page by page', () => {
  const activity = openActivity(testDatabase())
  for (let at = 1; at <= 5; at++) activity.append({ at, what: 'put', bucket: 'b', key: String(at), outcome: 'done' })
  activity.append({ at: 6, what: 'get', mode: 'sse-c', keyId: 'k', place: 'local', outcome: 'KEY_WRONG' })
  const page = activity.list({ limit: 2 })
  expect(page.map((entry) => entry.at)).toEqual([6, 5])
  expect(page[0]).toMatchObject({ what: 'get', outcome: 'KEY_WRONG', keyId: 'k', bucket: undefined })
  expect(activity.list({ limit: 9, before: page[1]?.id }).map((entry) => entry.at)).toEqual([4, 3, 2, 1])
  activity.clear()
  expect(activity.list({ limit: 1 })).toEqual([])
})

const PLACE: Place = {
  id: 'p1',
  name: 'Minio',
  kind: 'compatible',
  endpoint: 'https://minio.test',
  kmsEndpoint: undefined,
  region: 'eu-1',
  pathStyle: true,
  caBundle: '/ca.pem',
  checksums: 'when-required',
  credentials: { kind: 'profile', profile: 'work' },
}

test('places: found by id and by name in any case, and a taken name is ALREADY_EXISTS', () => {
  const places = openPlaceTable(testDatabase())
  places.add(PLACE)
  expect(places.find('p1')).toEqual(PLACE)
  expect(places.find('minio')).toEqual(PLACE)
  const taken = { ...PLACE, id: 'p2', name: 'MINIO' }
  expect(() => places.add(taken)).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }) as Error)
  expect(places.list()).toEqual([PLACE])
  expect(places.remove('p1')).toBe(true)
  expect(places.remove('p1')).toBe(false)
  expect(places.find('p1')).toBeNull()
})

const KEY: KeyRow = {
  id: 'ab'.repeat(16),
  name: 'mine',
  kind: 'rsa-public',
  createdAt: new Date(5),
  kitSavedAt: new Date(7),
  kitDeclinedAt: new Date(8),
  publicKey: 'PEM',
  purpose: 'cse',
}

test('keys: a public half becomes a pair, whose kit is still to be saved, and never the other way', () => {
  const keys = openKeyTable(testDatabase())
  expect(keys.add(KEY)).toEqual(KEY)
  const pair: KeyRow = { ...KEY, kind: 'rsa-pair', kitSavedAt: null, kitDeclinedAt: null }
  expect(keys.add({ ...pair, name: 'ignored' })).toEqual(pair)
  expect(keys.add(KEY)).toEqual(pair)
  expect(keys.list()).toHaveLength(1)
})

test('keys: matched by id, by 8 characters of it, and by name', () => {
  const keys = openKeyTable(testDatabase())
  keys.add(KEY)
  for (const text of [KEY.id, 'abababab', 'mine', 'MINE']) expect(keys.match(text)).toEqual([KEY])
  for (const text of ['abababa', 'b'.repeat(8), 'min', '%', '']) expect(keys.match(text)).toEqual([])
})
