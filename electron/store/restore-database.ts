import { copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { openDatabase } from './database.ts'
import { isSound, type DatabaseCopy } from './database-copies.ts'
import { isLocked } from './lock.ts'
import { openSettings } from './settings.ts'

const FILES = ['coffer.db', 'coffer.db-wal', 'coffer.db-shm']

/**
 * Puts a copy in the place of the database, or nothing (`null`): then Coffer begins a new one. What was there is kept under
 * another name, which is answered; undefined if nothing was there. Throws DATABASE_BUSY while a process works in this folder,
 * DISK_FULL and LOCAL_IO; then what was there is still in its place.
 */
export function replaceDatabase(home: string, copy: DatabaseCopy | null, now = new Date()): string | undefined {
  refuseInUse(home)
  const path = join(home, 'coffer.db')
  const incoming = join(home, `.${process.pid}-0000000000000000.tmp`)
  try {
    // While the old one is still there: a full disk must not leave neither.
    if (copy !== null) bring(copy, incoming)
    const aside = setAside(home, now)
    if (copy !== null) renameSync(incoming, path)
    settle(home, copy !== null)
    return aside
  } catch (error) {
    rmSync(incoming, { force: true })
    throw describeLocalFailure(error, path)
  }
}

function bring(copy: DatabaseCopy, to: string): void {
  copyFileSync(copy.path, to)
  if (isSound(to)) return
  throw new CofferError(
    'DATABASE_DAMAGED',
    `The copy ${copy.path} is damaged, or was made by a newer version of Coffer.`,
    {
      hint: 'Choose another one: coffer database list, coffer database restore --from FILE.',
    },
  )
}

function refuseInUse(home: string): void {
  const running = /^(?:process-[0-9a-f]{8}|(?:transfer|rekey)-\d+|window|desktop)\.lock$/
  const used = readdirSync(home).some((name) => running.test(name) && isLocked(join(home, name)))
  if (!used) return
  throw new CofferError('DATABASE_BUSY', `Another Coffer is at work in ${home}.`, { hint: 'End it, then try again.' })
}

/** `coffer.db.20261130T221500Z`, with its log, which belongs to it. */
function setAside(home: string, now: Date): string | undefined {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const there = FILES.filter((name) => existsSync(join(home, name)))
  for (const name of there) renameSync(join(home, name), join(home, name.replace('coffer.db', `coffer.db.${stamp}`)))
  return there.includes('coffer.db') ? join(home, `coffer.db.${stamp}`) : undefined
}

/** What was under way when the copy was made has gone on since, or ended: nothing of it goes on by itself. */
function settle(home: string, isCopy: boolean): void {
  const db = openDatabase(home)
  try {
    if (isCopy) stopAll(db)
    openSettings(db).set('searchKeys', true)
  } finally {
    db.close()
  }
}

function stopAll(db: DatabaseSync): void {
  db.exec(`
    UPDATE transfer_runs SET paused = 1, wish = NULL WHERE ended_at IS NULL;
    -- More may have been sent than the copy knows, and nothing else may follow it under the same key and IV: these can be
    -- removed, and not gone on with.
    UPDATE uploads SET identity = NULL, path = NULL, owner = NULL;
  `)
}
