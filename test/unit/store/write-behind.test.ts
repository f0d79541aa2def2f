import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { writeBehind } from '../../../electron/store/write-behind.ts'

function table(): { db: DatabaseSync; add: (n: number) => void; rows: () => number[] } {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE numbers (n INTEGER CHECK (n > 0))')
  return {
    db,
    add: (n) => void db.prepare('INSERT INTO numbers VALUES (?)').run(n),
    rows: () =>
      db
        .prepare('SELECT n FROM numbers ORDER BY rowid')
        .all()
        .map((row) => Number(row['n'])),
  }
}

test('what waits is written in order, at the latest after a moment', async () => {
  const { db, add, rows } = table()
  const { later } = writeBehind(db)
  later(() => add(1))
  later(() => add(2))
  expect(rows()).toEqual([])
  await expect.poll(rows).toEqual([1, 2])
})

test('whoever reads flushes first, and there is one queue for a database', () => {
  const { db, add, rows } = table()
  writeBehind(db).later(() => add(1))
  writeBehind(db).flush()
  expect(rows()).toEqual([1])
})

test('a failure nobody waited for is told to the next who writes, and nothing of it is kept', async () => {
  const { db, add, rows } = table()
  const { later } = writeBehind(db)
  later(() => add(1))
  later(() => add(-1))
  await sleep(100)
  expect(() => later(() => add(2))).toThrow(/CHECK/)
  expect(rows()).toEqual([])
})

test('a database that is closed meanwhile is left alone', async () => {
  const { db, add } = table()
  writeBehind(db).later(() => add(1))
  db.close()
  await sleep(100)
  expect(db.isOpen).toBe(false)
})
