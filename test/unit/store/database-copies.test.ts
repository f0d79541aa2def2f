import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { keepCopies } from '../../../electron/store/copy-schedule.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { listCopies, makeCopy, newestSoundCopy } from '../../../electron/store/database-copies.ts'
import { openKeyTable, type KeyRow } from '../../../electron/store/keys.ts'
import { tryLock } from '../../../electron/store/lock.ts'
import { replaceDatabase } from '../../../electron/store/restore-database.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import { openTransferRuns } from '../../../electron/store/transfer-runs.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { testFolder } from './folder.ts'

const DAY = 24 * 60 * 60_000
const START = Date.parse('2026-03-01T10:00:00Z')

function key(id: string): KeyRow {
  const dates = { createdAt: new Date(0), kitSavedAt: null, kitDeclinedAt: null }
  return { id: id.repeat(32), name: id, kind: 'aes-256', ...dates, publicKey: null, purpose: 'cse' }
}

function open(home: string): DatabaseSync {
  const db = openDatabase(home)
  onTestFinished(() => {
    if (db.isOpen) db.close()
  })
  return db
}

const namesOf = (home: string): string[] =>
  openKeyTable(open(home))
    .list()
    .map(({ name }) => name)

/** One look of the schedule, as a command takes at its end. */
async function look(db: DatabaseSync, home: string): Promise<void> {
  await keepCopies(db, home, openSettings(db)).finish()
}

test('a copy is made after each change of keys and places, and not after each command', async () => {
  const home = testFolder()
  const db = open(home)
  await look(db, home)
  expect(listCopies(home)).toEqual([])
  openKeyTable(db).add(key('a'))
  await look(db, home)
  const [first] = listCopies(home)
  await look(db, home)
  expect(listCopies(home)).toHaveLength(1)
  expect(statSync(first?.path ?? '').mode & 0o777).toBe(0o600)
  const settings = openSettings(db)
  settings.set('copied', { ...settings.get('copied', (value) => value as object), at: Date.now() - 2 * DAY })
  // Two copies of one second are one.
  rmSync(first?.path ?? '')
  await look(db, home)
  expect(listCopies(home)).toHaveLength(1)
})

test('copies rotate: the newest three, the newest of each of seven days, and none of another database', async () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  await makeCopy(db, home, 'aaaaaaaa', new Date(START))
  for (let hour = 0; hour < 12 * 24; hour += 6) {
    await makeCopy(db, home, 'bbbbbbbb', new Date(START + hour * 3_600_000))
  }
  const copies = listCopies(home)
  expect(copies.filter(({ database }) => database === 'aaaaaaaa')).toHaveLength(1)
  const own = copies.filter(({ database }) => database === 'bbbbbbbb')
  expect(new Set(own.map(({ madeAt }) => madeAt.getUTCDate())).size).toBe(7)
  // The newest three are of two days.
  expect(own).toHaveLength(8)
  expect(readdirSync(join(home, 'backups')).filter((name) => name.startsWith('.'))).toEqual([])
})

test('the newest copy that is whole is put back, what was there is kept, and keys are searched for', async () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  await makeCopy(db, home, 'aaaaaaaa', new Date(START))
  openKeyTable(db).add(key('b'))
  await makeCopy(db, home, 'aaaaaaaa', new Date(START + DAY))
  openKeyTable(db).add(key('c'))
  db.close()
  const [newest] = listCopies(home)
  truncateSync(newest?.path ?? '', 5_000)
  writeFileSync(join(home, 'coffer.db'), 'no database at all')

  const copy = newestSoundCopy(home)
  expect(copy?.madeAt).toEqual(new Date(START))
  const aside = replaceDatabase(home, copy)
  expect(readFileSync(aside ?? '', 'utf8')).toBe('no database at all')
  expect(namesOf(home)).toEqual(['a'])
  expect(openSettings(open(home)).get('searchKeys', Boolean)).toBe(true)
  expect(statSync(join(home, 'coffer.db')).mode & 0o777).toBe(0o600)
})

test('without a copy a new database is begun, and the damaged one is kept with its log', () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  const aside = replaceDatabase(home, null)
  expect(namesOf(home)).toEqual([])
  expect(openKeyTable(new DatabaseSync(aside ?? '')).list()).toHaveLength(1)
})

test('what was under way when the copy was made does not go on by itself', async () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  const run = openTransferRuns(db, home).begin({
    kind: 'put',
    placeRef: 'p',
    place: 'p',
    bucket: 'b',
    sources: ['/file'],
    target: 'k',
    mode: 'cse-c',
    options: {},
    overwrite: 'replace',
    remembersMode: false,
    asksSizes: false,
  })
  const uploads = openUploads(db, home)
  const order = { place: 'p', bucket: 'b', key: 'k', path: '/file', mode: 'cse-c' as const, options: {} }
  const rest = { size: 1, mtimeNs: 1n, inode: 1n, format: 'v3' as const, keyId: 'a'.repeat(32), metadata: {} }
  const held = uploads.begin({ ...order, ...rest })
  await makeCopy(db, home, 'aaaaaaaa')
  held[Symbol.dispose]()
  uploads[Symbol.dispose]()
  run[Symbol.dispose]()
  db.close()

  replaceDatabase(home, newestSoundCopy(home))
  const after = open(home)
  const runs = openTransferRuns(after, home)
  expect(runs.find(run.id)).toMatchObject({ paused: true, endedAt: undefined })
  using again = openUploads(after, home)
  // More may have been sent under its key and IV than the copy knows.
  expect(again.takeUp(order)).toEqual([])
  expect(again.left('p')).toHaveLength(1)
})

test('a copy that is damaged takes nobody’s place', async () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  await makeCopy(db, home, 'aaaaaaaa')
  const [copy = null] = listCopies(home)
  truncateSync(copy?.path ?? '', 5_000)
  expect(newestSoundCopy(home)).toBeNull()
  const replace = (): unknown => replaceDatabase(home, copy)
  expect(replace).toThrow(expect.objectContaining({ code: 'DATABASE_DAMAGED' }) as Error)
  expect(namesOf(home)).toEqual(['a'])
  expect(readdirSync(home).filter((name) => name.startsWith('.'))).toEqual([])
})

test('while another process is at work, nothing is replaced', async () => {
  const home = testFolder()
  const db = open(home)
  openKeyTable(db).add(key('a'))
  await makeCopy(db, home, 'aaaaaaaa')
  db.close()
  const before = readFileSync(join(home, 'coffer.db'))
  using lock = tryLock(join(home, 'window.lock'))
  expect(lock).not.toBeNull()
  const replace = (): unknown => replaceDatabase(home, newestSoundCopy(home))
  expect(replace).toThrow(expect.objectContaining({ code: 'DATABASE_BUSY' }) as Error)
  expect(readFileSync(join(home, 'coffer.db')).equals(before)).toBe(true)
})
