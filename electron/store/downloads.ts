import { existsSync, lstatSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { transaction } from '../base/transaction.ts'
import { openOwner } from './owner.ts'
import { openPassingTemporaries } from './passing-temporaries.ts'

/** One object on its way to one file. Two gets of which all of this is the same are one, repeated. */
export interface DownloadOrder {
  /** Where the file shall stand; absolute. */
  path: string
  place: string
  bucket: string
  key: string
  versionId: string | undefined
  etag: string
  /** Bytes as stored. */
  size: number
  /** How it is encrypted, as far as that is known before the first byte. */
  mode: string
}

/** How far a download is: `done` stored bytes gave the temporary's first bytes, whose CRC-32 is `crc` (0 where none is kept). */
export interface Checkpoint {
  done: number
  crc: number
}

/** A download that can go on after whatever ends it, and that this process alone is at. Ends by `leave` or `drop`. */
export interface KeptDownload extends Readonly<Checkpoint> {
  /** The file beside the destination that the content goes into first. */
  temporary: string
  /** What is in the temporary now, and will still be there after a crash. */
  reached(checkpoint: Checkpoint): void
  /** It stays for a repetition. */
  leave(): void
  /** It is done or given up: its temporary, if it is still there, goes. */
  drop(): void
}

/** What an interrupted download has left. */
export interface StrayTemporary {
  place: string
  bucket: string
  key: string
  path: string
  temporary: string
  /** Stored bytes, of all. */
  done: number
  size: number
  /** Milliseconds since 1970, when it last went on. */
  at: number
}

/** The journal of downloads: before a temporary is made, it is written here where to find it. */
export interface Downloads {
  /** Begins a download that can be gone on with, or goes on. Null while another one to the same path is under way. */
  keep(order: DownloadOrder): KeptDownload | null
  /** A name beside `path` for a temporary of no use to anybody once this process has ended. */
  temporaryFor(path: string): Promise<string>
  /** Downloads that nobody is at and that a repetition goes on with, newest first. */
  strays(): StrayTemporary[]
  /** Removes the temporary of the download to this path. False while it is under way, or if there is none. */
  giveUp(path: string): boolean
  /** Removes what processes that are gone have left and nobody can go on with. What cannot be removed is tried again. */
  sweep(): void
  close(): void
}

/** What nobody has come back for in this time is given up. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** Owner of what waits for a repetition. */
const NOBODY = ''

/** `home` takes the lock file by which others see that this process lives. */
export function openDownloads(db: DatabaseSync, home: string): Downloads {
  const find = db.prepare('SELECT * FROM downloads WHERE path = ?')
  const all = db.prepare('SELECT * FROM downloads ORDER BY at DESC')
  const insert = db.prepare(`
    INSERT INTO downloads (path, temporary, place, bucket, key, version_id, etag, size, mode, owner, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`)
  const setOwner = db.prepare('UPDATE downloads SET owner = ?, at = ? WHERE path = ?')
  const advance = db.prepare('UPDATE downloads SET done = ?, crc = ?, at = ? WHERE path = ?')
  const remove = db.prepare('DELETE FROM downloads WHERE path = ?')
  const kept = db.prepare('SELECT 1 FROM downloads WHERE temporary = ?')
  const owner = openOwner(home)
  const passing = openPassingTemporaries(db, owner)

  const rows = (): Row[] => all.all() as unknown as Row[]
  const isFree = (row: Row): boolean => row.owner === NOBODY || owner.isDead(row.owner)
  const giveUp = (row: Row): void => {
    rmSync(row.temporary, { force: true })
    remove.run(row.path)
  }

  const begin = (order: DownloadOrder): Row | null => {
    const { path, place, bucket, key, versionId, etag, size, mode } = order
    const old = find.get(path) as Row | undefined
    if (old !== undefined && !isFree(old)) return null
    if (old !== undefined && isSame(old, order) && existsSync(old.temporary)) {
      setOwner.run(owner.id, Date.now(), path)
      return old
    }
    if (old !== undefined) giveUp(old)
    const what = [place, bucket, key, versionId ?? null, etag, size, mode] as const
    return insert.get(path, passing.nameFor(path), ...what, owner.id, Date.now()) as unknown as Row
  }

  return {
    keep(order) {
      owner.live()
      const row = transaction(db, () => begin(order))
      if (row === null) return null
      const { path, temporary, done, crc } = row
      return {
        temporary,
        done,
        crc,
        reached: (now) => void advance.run(now.done, now.crc, Date.now(), path),
        leave: () => void setOwner.run(NOBODY, Date.now(), path),
        drop: () => giveUp(row),
      }
    },
    temporaryFor: (path) => passing.temporaryFor(path),
    strays: () =>
      rows()
        .filter(isFree)
        .map(({ place, bucket, key, path, temporary, done, size, at }) => ({
          ...{ place, bucket, key, path, temporary, done, size, at },
        })),
    giveUp(path) {
      const row = find.get(path) as Row | undefined
      if (row === undefined || !isFree(row)) return false
      giveUp(row)
      return true
    },
    sweep() {
      const gone = new Map<string, boolean>()
      const isGone = (who: string): boolean => {
        const is = gone.get(who) ?? owner.isDead(who)
        gone.set(who, is)
        return is
      }
      for (const row of rows()) {
        const isLeft = row.owner === NOBODY || isGone(row.owner)
        quietly(() => {
          if (isLeft && isUseless(row)) giveUp(row)
        })
      }
      quietly(() => passing.sweep(isGone, (path) => kept.get(path) !== undefined))
      for (const [who, is] of gone) if (is) quietly(() => owner.bury(who))
    },
    close() {
      passing.close()
      owner[Symbol.dispose]()
    },
  }
}

interface Row {
  path: string
  temporary: string
  place: string
  bucket: string
  key: string
  version_id: string | null
  etag: string
  size: number
  mode: string
  done: number
  crc: number
  owner: string
  at: number
}

function isSame(row: Row, order: DownloadOrder): boolean {
  const { place, bucket, key, version_id, etag, size, mode } = row
  const known = [place, bucket, key, version_id, etag, size, mode]
  const asked = [order.place, order.bucket, order.key, order.versionId ?? null, order.etag, order.size, order.mode]
  return known.every((value, index) => value === asked[index])
}

/** There is nothing in it to go on with, nobody came back for it, or it is in place already, a second link to the same file. */
function isUseless({ temporary, done, at }: Row): boolean {
  // Its folder may be on a disk that is not there today.
  if (!existsSync(dirname(temporary))) return false
  if (done === 0 || Date.now() - at > KEPT_MS) return true
  const found = lstatSync(temporary, { throwIfNoEntry: false })
  return found?.nlink !== 1
}

function quietly(work: () => void): void {
  try {
    work()
  } catch {
    // It stays in the journal, and the next start tries again.
  }
}
