import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ErrorCode } from '../base/errors.ts'
import { CofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import { transaction } from '../base/transaction.ts'
import { isLocked, tryLock } from './lock.ts'
import { openRekeyItems, type RekeyItems } from './rekey-items.ts'

/** What a re-key run goes over, and where to. Two runs of which all of this is the same are one run, repeated. */
export interface RekeyOrder {
  place: string
  /** Undefined: wherever the catalog knows objects under the key `under`. */
  bucket: string | undefined
  /** An object, or a folder that ends with `/`, or '' for the whole bucket. */
  key: string
  under: string | undefined
  mode: ModeChoice
  /** How it shall be written, as JSON would keep it. No secrets. */
  to: Readonly<Record<string, unknown>>
}

/** A run, as it is listed. */
export interface RekeyRunEntry extends RekeyOrder {
  id: number
  /** `stopped`: there is something left to do, and nobody is at it. */
  state: 'running' | 'stopped' | 'finished'
  startedAt: Date
  endedAt: Date | undefined
  done: number
  failures: { bucket: string; key: string; code: ErrorCode }[]
}

/** A run that this process alone is at. Let go of it in any case, finished or not. */
export interface RekeyRun extends RekeyItems, Disposable {
  id: number
  /** It was begun before and goes on. */
  resumed: boolean
  /** All is done: what was known of its objects is dropped. */
  finish(): void
}

export interface RekeyRuns {
  /** Begins a run, or goes on with the one of the same order. Throws LOCAL_IO if another process is at it. */
  begin(order: RekeyOrder): RekeyRun
  /** Newest first. */
  list(limit: number): RekeyRunEntry[]
}

/** The journal of re-key runs. `home` takes the lock files by which two processes keep out of one run. */
export function openRekeyRuns(db: DatabaseSync, home: string): RekeyRuns {
  const openOf = db.prepare('SELECT id FROM rekey_runs WHERE identity = ? AND ended_at IS NULL')
  const insert = db.prepare(`
    INSERT INTO rekey_runs (identity, place, bucket, key, under, mode, options, started_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const end = db.prepare(`
    UPDATE rekey_runs SET ended_at = ?, done = (SELECT count(*) FROM rekey_items WHERE run = id AND state = 'done')
    WHERE id = ?`)
  const dropItems = db.prepare('DELETE FROM rekey_items WHERE run = ?')
  const select = db.prepare(`
    SELECT *, (SELECT count(*) FROM rekey_items WHERE run = id AND state = 'done') AS done_so_far
    FROM rekey_runs ORDER BY id DESC LIMIT ?`)
  const lockOf = (id: number): string => join(home, `rekey-${id}.lock`)

  const idOf = (identity: string): number | undefined => openOf.get(identity)?.['id'] as number | undefined

  const begin = (order: RekeyOrder): RekeyRun => {
    const identity = identityOf(order)
    const known = idOf(identity)
    if (known === undefined) {
      const { place, bucket, key, under, mode, to } = order
      insert.run(identity, place, bucket ?? null, key, under ?? null, mode, JSON.stringify(to), Date.now())
    }
    const id = known ?? idOf(identity)
    const lock = id === undefined ? null : tryLock(lockOf(id))
    if (id === undefined || lock === null) throw busy()
    if (idOf(identity) !== id) {
      // Another process has finished it in this very moment.
      lock[Symbol.dispose]()
      return begin(order)
    }
    let finished = false
    return {
      id,
      resumed: known !== undefined,
      ...openRekeyItems(db, id),
      finish() {
        transaction(db, () => {
          end.run(Date.now(), id)
          dropItems.run(id)
        })
        finished = true
      },
      [Symbol.dispose]() {
        lock[Symbol.dispose]()
        if (finished) rmSync(lockOf(id), { force: true })
      },
    }
  }

  return {
    begin,
    list: (limit) =>
      select.all(limit).map((row) => {
        const id = row['id'] as number
        const endedAt = (row['ended_at'] as number | null) ?? undefined
        const open = endedAt === undefined
        return {
          id,
          place: row['place'] as string,
          bucket: (row['bucket'] as string | null) ?? undefined,
          key: row['key'] as string,
          under: (row['under'] as string | null) ?? undefined,
          mode: row['mode'] as ModeChoice,
          to: JSON.parse(row['options'] as string) as Record<string, unknown>,
          state: !open ? 'finished' : isLocked(lockOf(id)) ? 'running' : 'stopped',
          startedAt: new Date(row['started_at'] as number),
          endedAt: endedAt === undefined ? undefined : new Date(endedAt),
          done: (open ? row['done_so_far'] : row['done']) as number,
          failures: openRekeyItems(db, id).failures(),
        }
      }),
  }
}

function identityOf({ place, bucket, key, under, mode, to }: RekeyOrder): string {
  const options = Object.entries(to)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, isRecord(value) ? Object.entries(value).sort() : value])
    .sort()
  return JSON.stringify([place, bucket ?? null, key, under ?? null, mode, options])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function busy(): CofferError {
  return new CofferError('LOCAL_IO', 'This re-key is under way already, in another window or process.', {
    hint: 'Wait for it, or stop it there: coffer rekey --status.',
  })
}
