import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openBuckets } from '../../../../electron/localcloud/storage/buckets.ts'
import { openDatabase, type Database } from '../../../../electron/localcloud/storage/database.ts'

let folder = ''
let database: Database
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-database-'))
  database = openDatabase(join(folder, 's3.db'))
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

it('work that waits together is committed together; what throws is undone alone', async () => {
  const buckets = openBuckets(database)
  const outcomes = await Promise.allSettled([
    database.commit(() => buckets.create('first', 'r')),
    database.commit(() => {
      buckets.create('undone', 'r')
      throw new Error('changed its mind')
    }),
    database.commit(() => buckets.create('second', 'r')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(buckets.list().map(({ name }) => name)).toEqual(['first', 'second'])
})

it('is durable and in write-ahead mode', () => {
  expect(database.sql.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  expect(database.sql.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
})

it('refuses a folder of a newer version', () => {
  database.sql.exec('PRAGMA user_version = 99')
  expect(() => openDatabase(join(folder, 's3.db'))).toThrow(/newer version/)
})
