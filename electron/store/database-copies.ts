import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { makeFolderSync } from '../base/make-folder.ts'
import { tryLock } from './lock.ts'
import { MIGRATIONS } from './migrations.ts'
import { sweepPrivate, touchPrivate } from './private-file.ts'

/* Copies of coffer.db in `backups/`, each one whole file: what a person has set up is not lost with one disk block. No secret is in them. */

export interface DatabaseCopy {
  path: string
  madeAt: Date
  bytes: number
  /** Of the database that it is a copy of: one that was begun anew is another one. */
  database: string
}

/** Pages a step; between two steps other work has its turn. */
const RATE = 2_000
/** Of one database: so many of the newest, and the newest of each of so many days. */
const NEWEST = 3
const DAYS = 7
/** Larger copies are fewer. */
const LARGE = 64 * 1024 * 1024
const NEWEST_LARGE = 2

const NAME = /^coffer-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-([0-9a-f]{8})\.db$/

function folderOf(home: string): string {
  return join(home, 'backups')
}

/** Newest first, of all databases that were ever here. */
export function listCopies(home: string): DatabaseCopy[] {
  const folder = folderOf(home)
  const copies = namesIn(folder).flatMap((name) => {
    const [, year, month, day, hour, minute, second, database] = NAME.exec(name) ?? []
    if (database === undefined) return []
    const madeAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    const path = join(folder, name)
    return [{ path, madeAt, bytes: statSync(path).size, database }]
  })
  return copies.sort((one, other) => other.madeAt.getTime() - one.madeAt.getTime())
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/**
 * Makes a copy of an open database, proves it and removes copies that are no longer needed. False while another process is
 * at it. Throws SQLite's and the system's own errors; then no half of a copy is left.
 */
export async function makeCopy(db: DatabaseSync, home: string, database: string, now = new Date()): Promise<boolean> {
  const folder = folderOf(home)
  makeFolderSync(folder, 0o700)
  using lock = tryLock(join(folder, 'lock'))
  if (lock === null) return false
  sweepPrivate(folder)
  const temporary = join(folder, `.${process.pid}-${randomBytes(8).toString('hex')}.tmp`)
  try {
    touchPrivate(temporary)
    await backup(db, temporary, { rate: RATE })
    if (!isSound(temporary)) throw new Error('The copy is not sound.')
    makeLast(temporary)
    renameSync(temporary, join(folder, nameFor(now, database)))
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(temporary + end, { force: true })
  }
  for (const copy of superfluous(listCopies(home).filter((each) => each.database === database))) rmSync(copy.path)
  return true
}

function nameFor(at: Date, database: string): string {
  return `coffer-${at.toISOString().replace(/[-:]|\.\d+/g, '')}-${database}.db`
}

function makeLast(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** Newest first. */
function superfluous(copies: DatabaseCopy[]): DatabaseCopy[] {
  const large = (copies[0]?.bytes ?? 0) > LARGE
  if (large) return copies.slice(NEWEST_LARGE)
  const days = new Set<string>()
  return copies.filter(({ madeAt }, index) => {
    const day = madeAt.toISOString().slice(0, 10)
    const isNewestOfDay = !days.has(day)
    days.add(day)
    return index >= NEWEST && !(isNewestOfDay && days.size <= DAYS)
  })
}

/**
 * The newest copy that is whole and that this version of Coffer can read; null if there is none. Where the database was begun
 * because another one was lost, it is a copy of that one: the newer copies lack what was lost.
 */
export function newestSoundCopy(home: string): DatabaseCopy | null {
  const copies = listCopies(home)
  const lost = lostBefore(home)
  const ofLost = copies.filter(({ database }) => database === lost)
  return [...ofLost, ...copies].find(({ path }) => isSound(path)) ?? null
}

/** The setting of a database that was begun because another one was lost: which one. */
export const FOLLOWS = 'follows'

function lostBefore(home: string): unknown {
  try {
    const db = new DatabaseSync(join(home, 'coffer.db'), { readOnly: true })
    try {
      const row = db.prepare('SELECT value FROM settings WHERE name = ?').get(FOLLOWS)
      return row === undefined ? undefined : JSON.parse(String(row['value']))
    } finally {
      db.close()
    }
  } catch {
    return undefined
  }
}

/** True for a copy that is whole and that this version of Coffer can read. Leaves it as one file, without a log next to it. */
export function isSound(path: string): boolean {
  try {
    const db = new DatabaseSync(path)
    try {
      db.exec('PRAGMA journal_mode = DELETE')
      const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
      if (version < 1 || version > MIGRATIONS.length) return false
      return db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok'
    } finally {
      db.close()
    }
  } catch {
    return false
  }
}
