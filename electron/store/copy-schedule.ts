import { createHash, randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { FOLLOWS, listCopies, makeCopy } from './database-copies.ts'
import type { Settings } from './settings.ts'

/** Milliseconds between two copies of a database whose keys and places stay the same. */
const EVERY = 24 * 60 * 60_000
/** Milliseconds between two looks of a process that stays. */
const LOOK_EVERY = 10 * 60_000

const ID = 'databaseId'
const COPIED = 'copied'

interface Copied {
  digest: string
  at: number
}

/** Sees to it that there is a copy of the database as it is. */
export interface CopySchedule {
  /** True for a database without anything in it, in a folder that has copies of another one: that one was lost. */
  isLost: boolean
  /** Makes a copy if one is due. To be called before the database is closed. Throws what `makeCopy` throws. */
  finish(): Promise<void>
}

/** A copy is due after a day, and after each change of keys and places: nothing else brings places back. */
export function keepCopies(db: DatabaseSync, home: string, settings: Settings): CopySchedule {
  const isNew = settings.get(ID, String) === null
  if (isNew) settings.setOnce(ID, randomBytes(4).toString('hex'))
  const keys = db.prepare('SELECT id, name, purpose, kit_saved_at, kit_declined_at FROM keys ORDER BY id')
  const places = db.prepare('SELECT * FROM places ORDER BY id')
  const any = db.prepare('SELECT 1 FROM catalog LIMIT 1')

  const known = (): unknown[] => [...keys.all(), ...places.all()]
  const digestOf = (rows: unknown[]): string => createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  const isDue = (digest: string, isEmpty: boolean): boolean => {
    const copied = settings.get(COPIED, (value) => value as Copied)
    if (copied === null) return !isEmpty || any.get() !== undefined
    return copied.digest !== digest || Math.abs(Date.now() - copied.at) > EVERY || listCopies(home).length === 0
  }
  const copyIfDue = async (): Promise<void> => {
    const rows = known()
    const digest = digestOf(rows)
    if (!isDue(digest, rows.length === 0)) return
    const made = await makeCopy(db, home, settings.get(ID, String) ?? '')
    if (made) settings.set(COPIED, { digest, at: Date.now() } satisfies Copied)
  }

  let copying: Promise<void> | null = null
  const copyOnce = (): Promise<void> => (copying ??= copyIfDue().finally(() => (copying = null)))
  // What goes wrong is told at the end, if it still does.
  const looking = setInterval(() => void copyOnce().catch(() => undefined), LOOK_EVERY).unref()
  const [newest] = isNew && known().length === 0 && any.get() === undefined ? listCopies(home) : []
  if (newest !== undefined) settings.set(FOLLOWS, newest.database)
  return {
    isLost: newest !== undefined,
    async finish() {
      clearInterval(looking)
      await copyOnce()
    },
  }
}
