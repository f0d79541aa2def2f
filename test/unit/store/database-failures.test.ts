import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase, requireInPlace } from '../../../electron/store/database.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import { writeBehind } from '../../../electron/store/write-behind.ts'
import { ownError } from '../../../electron/base/own-error.ts'
import { testFolder } from './folder.ts'

/** A home whose database is closed and folded into one file. */
function home(): { folder: string; path: string } {
  const folder = testFolder()
  const db = openDatabase(folder)
  for (let n = 0; n < 500; n++) openSettings(db).set(`setting ${n}`, 'x'.repeat(100))
  db.close()
  return { folder, path: join(folder, 'coffer.db') }
}

function failureOf(work: () => unknown): { code: string; message: string; hint: string } {
  try {
    work()
  } catch (error) {
    return ownError(error)
  }
  throw new Error('It did not fail.')
}

test.each([
  ['no database any more', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size, 'garbage'))],
  ['cut off', (path: string) => truncateSync(path, 4096 * 3)],
  ['spoiled in its schema', (path: string) => spoil(path, 100, 3996)],
])('a database that is %s is DATABASE_DAMAGED, and is left as it is', (_what, damage) => {
  const { folder, path } = home()
  damage(path)
  const before = readFileSync(path)
  const failure = failureOf(() => openDatabase(folder))
  expect(failure).toMatchObject({ code: 'DATABASE_DAMAGED' })
  expect(failure.message).toContain(path)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('a database of a newer Coffer is UNSUPPORTED, with the way out', () => {
  const { folder, path } = home()
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version = 9999')
  db.close()
  expect(failureOf(() => openDatabase(folder))).toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('newer') as string,
  })
})

test('a database that another program does not let go of is DATABASE_BUSY after a while', async () => {
  const { folder, path } = home()
  const holder = spawn(process.execPath, [
    ...['--disable-warning=ExperimentalWarning', '-e'],
    `const { DatabaseSync } = require('node:sqlite')
     const db = new DatabaseSync(${JSON.stringify(path)})
     db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE settings SET value = value')
     console.log('held')
     setInterval(() => db, 1000)`,
  ])
  onTestFinished(() => void holder.kill())
  await once(holder.stdout, 'data')
  expect(failureOf(() => openDatabase(folder, { patience: 300 }))).toMatchObject({ code: 'DATABASE_BUSY' })
})

test('a database for which there is no room is DISK_FULL, with what is needed and what is free', () => {
  const folder = testFolder()
  const db = openDatabase(folder)
  onTestFinished(() => db.close())
  db.exec('PRAGMA max_page_count = 1')
  const { later, flush } = writeBehind(db)
  const settings = openSettings(db)
  later(() => settings.set('large', 'x'.repeat(100_000)))
  const failure = failureOf(flush)
  expect(failure).toMatchObject({ code: 'DISK_FULL' })
  expect(failure.message).toMatch(/needed there, and .* is free/)
  expect(failureOf(() => settings.set('large', 'x'.repeat(100_000)))).toMatchObject({ code: 'DISK_FULL' })
})

test('a folder that may not be written is LOCAL_IO', () => {
  const folder = join(testFolder(), 'file')
  writeFileSync(folder, '')
  expect(failureOf(() => openDatabase(folder))).toMatchObject({ code: 'LOCAL_IO' })
})

test('a database that was replaced while it was open is noticed', () => {
  const { folder, path } = home()
  const db = openDatabase(folder)
  onTestFinished(() => db.close())
  expect(() => requireInPlace(db)).not.toThrow()
  const content = readFileSync(path)
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
  expect(failureOf(() => requireInPlace(db))).toMatchObject({ code: 'LOCAL_IO' })
})

function spoil(path: string, from: number, length: number): void {
  const bytes = readFileSync(path)
  bytes.fill(0xaa, from, from + length)
  writeFileSync(path, bytes)
}
