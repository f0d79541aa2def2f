import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ModeChoice } from '../base/mode-names.ts'
import { isLocked, tryLock } from './lock.ts'
import { openTransferItems, type Answer, type KeptFailure, type TransferItems } from './transfer-items.ts'

/** What a run is to do. Nothing in it is secret. */
export interface TransferOrder {
  kind: 'put' | 'get'
  /** A stored place's id, or what a person says of a server that is used once. */
  placeRef: string | Readonly<Record<string, string | undefined>>
  /** A stored place's id, or the address of a server that is used once. */
  place: string
  bucket: string
  /** Paths of a put, keys of a get. */
  sources: string[]
  /** The key of a put, the path of a get. */
  target: string
  versionId?: string | undefined
  /** Of a put. */
  mode?: ModeChoice | undefined
  options: Readonly<Record<string, unknown>>
  overwrite: Overwrite
  /** Of a put whose mode was named: once it has succeeded, that is the bucket's usual one if it has none. */
  remembersMode: boolean
  /** Of a get: the sizes of objects that are named by themselves are asked for beforehand. */
  asksSizes: boolean
  /** Of a get: its key is that of one object, also where it ends with `/`. */
  exact?: boolean | undefined
  /** Of a put: links inside folders are followed. */
  followLinks?: boolean | undefined
}

/** `skip` and `keep-both` are answers to `ask` that were given for all of a run. */
export type Overwrite = 'refuse' | 'replace' | 'ask' | 'skip' | 'keep-both'

/** What another process wants of the one that works on a run. */
export type Wish = 'pause' | 'resume' | 'cancel' | 'retry' | `answer ${Answer}`

export interface TransferRunEntry extends TransferOrder {
  id: number
  startedAt: Date
  endedAt: Date | undefined
  /** Everything that there is to do has been found. */
  foundAll: boolean
  paused: boolean
  cancelled: boolean
  /** A process that worked on it was ended: what it had under way may be done, although it is not known as done. */
  interrupted: boolean
  /** Why it could not go on. */
  error: KeptFailure | undefined
  wish: Wish | undefined
}

/** A run that this process alone works on. Let go of it in any case. */
export interface OwnedRun extends Disposable {
  id: number
  items: TransferItems
}

export interface TransferRuns {
  /** Begins a run. */
  begin(order: TransferOrder): OwnedRun
  /** Takes over the open run of the same order that nobody works on, if there is one. */
  repeat(order: TransferOrder): OwnedRun | null
  /** Null while another process works on it, or if it is gone. */
  adopt(id: number): OwnedRun | null
  find(id: number): TransferRunEntry | undefined
  /** All, newest first. `mark` is another one whenever the entry is. */
  list(): { id: number; open: boolean; mark: string }[]
  wish(id: number): Wish | undefined
  /** Those that have something left to do, oldest first. */
  open(): number[]
  /** Not for a run that this process owns. */
  isOwnedElsewhere(id: number): boolean
  items(id: number): TransferItems
  change(id: number, changes: Partial<Changeable>): void
  /** True if an open run is still to put this key, or to bring this file. */
  isExpected(target: { bucket: string; key: string; path: string }): boolean
  /** Forgets it, with its items. */
  forget(id: number): void
}

type Changeable = Pick<
  TransferRunEntry,
  'endedAt' | 'foundAll' | 'paused' | 'cancelled' | 'interrupted' | 'error' | 'wish' | 'overwrite' | 'options'
>

export function openTransferRuns(db: DatabaseSync, home: string): TransferRuns {
  const insert = db.prepare(`
    INSERT INTO transfer_runs (identity, kind, bucket, body, overwrite, started_at) VALUES (?, ?, ?, ?, ?, ?)`)
  const same = db.prepare('SELECT id FROM transfer_runs WHERE identity = ? AND ended_at IS NULL ORDER BY id')
  const one = db.prepare('SELECT * FROM transfer_runs WHERE id = ?')
  const all = db.prepare(`
    SELECT id, ended_at IS NULL AS open,
      concat_ws(' ', ended_at, found_all, paused, cancelled, overwrite, error) AS mark
    FROM transfer_runs ORDER BY id DESC`)
  const wished = db.prepare('SELECT wish FROM transfer_runs WHERE id = ?')
  const unfinished = db.prepare('SELECT id FROM transfer_runs WHERE ended_at IS NULL ORDER BY id')
  const expected = db.prepare(`
    SELECT 1 FROM transfer_items JOIN transfer_runs ON transfer_runs.id = run
    WHERE ended_at IS NULL AND state IN ('waiting', 'paused', 'conflict')
      AND (kind = 'put' AND bucket = ? AND key = ? OR kind = 'get' AND path = ?)`)
  const remove = db.prepare('DELETE FROM transfer_runs WHERE id = ?')
  const setOptions = db.prepare("UPDATE transfer_runs SET body = json_set(body, '$.options', json(?)) WHERE id = ?")
  const lockOf = (id: number): string => join(home, `transfer-${id}.lock`)

  const find = (id: number): TransferRunEntry | undefined => {
    const row = one.get(id)
    return row === undefined ? undefined : toEntry(row)
  }
  const adopt = (id: number): OwnedRun | null => {
    if (find(id) === undefined) return null
    const lock = tryLock(lockOf(id))
    if (lock === null) return null
    return {
      id,
      items: openTransferItems(db, id),
      [Symbol.dispose]() {
        lock[Symbol.dispose]()
        const now = find(id)
        if (now === undefined || now.endedAt !== undefined) rmSync(lockOf(id), { force: true })
      },
    }
  }
  return {
    find,
    adopt,
    begin(order) {
      const { kind, bucket, overwrite } = order
      const added = insert.run(identityOf(order), kind, bucket, JSON.stringify(order), overwrite, Date.now())
      const owned = adopt(Number(added.lastInsertRowid))
      if (owned === null) throw new Error('A new run is locked.')
      return owned
    },
    repeat(order) {
      for (const { id } of same.all(identityOf(order))) {
        const owned = adopt(id as number)
        if (owned === null) continue
        if (find(owned.id)?.endedAt === undefined) return owned
        owned[Symbol.dispose]()
      }
      return null
    },
    list: () => all.all().map(({ id, open, mark }) => ({ id: id as number, open: open === 1, mark: mark as string })),
    wish: (id) => (wished.get(id)?.['wish'] as Wish | null | undefined) ?? undefined,
    open: () => unfinished.all().map(({ id }) => id as number),
    isOwnedElsewhere: (id) => isLocked(lockOf(id)),
    items: (id) => openTransferItems(db, id),
    change(id, { options, ...changes }) {
      if (options !== undefined) setOptions.run(JSON.stringify(options), id)
      for (const [field, value] of Object.entries(changes)) {
        const column = COLUMNS[field as keyof typeof changes]
        db.prepare(`UPDATE transfer_runs SET ${column} = ? WHERE id = ?`).run(toColumn(value), id)
      }
    },
    isExpected: ({ bucket, key, path }) => expected.get(bucket, key, path) !== undefined,
    forget: (id) => void remove.run(id),
  }
}

const COLUMNS: Record<Exclude<keyof Changeable, 'options'>, string> = {
  endedAt: 'ended_at',
  foundAll: 'found_all',
  paused: 'paused',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  error: 'error',
  wish: 'wish',
  overwrite: 'overwrite',
}

function toColumn(value: Changeable[keyof typeof COLUMNS]): string | number | null {
  if (value === undefined) return null
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** All of an order, in an order of its own: two runs of which it is the same are one, repeated. */
function identityOf(order: TransferOrder): string {
  return JSON.stringify(order, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

function toEntry(row: Record<string, unknown>): TransferRunEntry {
  const error = row['error'] as string | null
  const endedAt = row['ended_at'] as number | null
  return {
    ...(JSON.parse(row['body'] as string) as TransferOrder),
    overwrite: row['overwrite'] as Overwrite,
    id: row['id'] as number,
    startedAt: new Date(row['started_at'] as number),
    endedAt: endedAt === null ? undefined : new Date(endedAt),
    foundAll: row['found_all'] === 1,
    paused: row['paused'] === 1,
    cancelled: row['cancelled'] === 1,
    interrupted: row['interrupted'] === 1,
    error: error === null ? undefined : (JSON.parse(error) as KeptFailure),
    wish: (row['wish'] as Wish | null) ?? undefined,
  }
}
