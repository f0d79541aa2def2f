import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { ErrorCode } from '../base/errors.ts'
import { transaction } from '../base/transaction.ts'

export type ItemState = 'waiting' | 'paused' | 'conflict' | 'done' | 'failed' | 'skipped' | 'cancelled'

/** What may be kept and shown of a failure. */
export interface KeptFailure {
  code: ErrorCode
  message: string
  hint: string
  facts: Record<string, string>
}

/** Something that was found to do, or is left out (`skipped`), or cannot be begun (`failed`). */
export interface NewItem {
  name: string
  key: string
  path: string
  bytes: number
  /** Tells one state of the source from another: a file's size and date, an object's ETag. */
  mark: string
  /** True if it goes in the lane of large files. */
  large: boolean
  state: 'waiting' | 'skipped' | 'failed'
  error?: KeptFailure | undefined
}

export interface Item extends Omit<NewItem, 'state'> {
  id: number
  state: ItemState
  /** The answer to its conflict, if there was one. */
  answer: Answer | undefined
  /** Where both are kept: the number in the new one's name, from 2. 0: it has its own name. */
  copy: number
}

export type Answer = 'replace' | 'skip' | 'keep-both'

/** How an attempt ended. */
export interface Settled {
  id: number
  state: ItemState
  bytes: number
  copy: number
  error?: KeptFailure | undefined
}

export type Summary = Record<ItemState, { files: number; bytes: number }>

/** The items of one run. An item that is under way is `waiting` here: if its process ends, it is tried again. */
export interface TransferItems {
  /** Adds what is new. What is known stays, unless its source is another one by now: that is to be done again. */
  add(items: NewItem[]): void
  /** The next to be done, in the order they were found. */
  next(lane: { large: boolean }, after: number, limit: number): Item[]
  /** Call it within a transaction. */
  settle(ends: Settled[]): void
  /** Moves those that are in one of `from`; all, or one. */
  move(from: ItemState[], to: ItemState, item?: number): void
  /** Forgets what failed to be found: one, or all. Answers whether there was any; a new search may find it. */
  forgetUnfound(item?: number): boolean
  /** Answers conflicts, one or all, which then wait again. */
  answer(answer: Answer, item?: number): void
  summary(): Summary
  find(id: number): Item | undefined
  page(options: { state?: ItemState | undefined; after: number; limit: number }): Item[]
}

const STATES: ItemState[] = ['waiting', 'paused', 'conflict', 'done', 'failed', 'skipped', 'cancelled']

export function openTransferItems(db: DatabaseSync, run: number): TransferItems {
  const insert = db.prepare(`
    INSERT INTO transfer_items (run, name, key, path, bytes, mark, large, state, error)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, key, name) DO UPDATE SET
      path = excluded.path, bytes = excluded.bytes, mark = excluded.mark, large = excluded.large, state = excluded.state, error = excluded.error
      WHERE mark <> excluded.mark OR (state = 'failed' AND excluded.state <> 'failed')`)
  const select = db.prepare(`
    SELECT * FROM transfer_items WHERE run = ? AND state = 'waiting' AND large = ? AND id > ? ORDER BY id LIMIT ?`)
  const update = db.prepare('UPDATE transfer_items SET state = ?, bytes = ?, copy = ?, error = ? WHERE id = ?')
  const sums = db.prepare(`
    SELECT state, count(*) AS files, sum(bytes) AS bytes FROM transfer_items WHERE run = ? GROUP BY state`)
  const one = db.prepare('SELECT * FROM transfer_items WHERE run = ? AND id = ?')
  const all = db.prepare('SELECT * FROM transfer_items WHERE run = ? AND id > ? ORDER BY id LIMIT ?')
  const inState = db.prepare('SELECT * FROM transfer_items WHERE run = ? AND state = ? AND id > ? ORDER BY id LIMIT ?')
  const resolve = db.prepare(`
    UPDATE transfer_items SET state = iif(?1 = 'skip', 'skipped', 'waiting'), answer = ?1
    WHERE run = ?2 AND state = 'conflict' AND (?3 IS NULL OR id = ?3)`)
  const forget = db.prepare(`
    DELETE FROM transfer_items
    WHERE run = ?1 AND path = '' AND state IN ('failed', 'cancelled') AND (?2 IS NULL OR id = ?2)`)
  return {
    add(items) {
      transaction(db, () => {
        for (const { name, key, path, bytes, mark, large, state, error } of items)
          insert.run(run, name, key, path, bytes, mark, large ? 1 : 0, state, kept(error))
      })
    },
    next: ({ large }, after, limit) => select.all(run, large ? 1 : 0, after, limit).map(toItem),
    settle(ends) {
      for (const { id, state, bytes, copy, error } of ends) update.run(state, bytes, copy, kept(error), id)
    },
    move(from, to, item) {
      const marks = from.map(() => '?').join(', ')
      const only = item === undefined ? '' : 'AND id = ?'
      const values: SQLInputValue[] = [to, run, ...from, ...(item === undefined ? [] : [item])]
      db.prepare(`UPDATE transfer_items SET state = ? WHERE run = ? AND state IN (${marks}) ${only}`).run(...values)
    },
    forgetUnfound: (item) => forget.run(run, item ?? null).changes > 0,
    answer: (answer, item) => void resolve.run(answer, run, item ?? null),
    summary() {
      const empty = Object.fromEntries(STATES.map((state) => [state, { files: 0, bytes: 0 }])) as Summary
      for (const row of sums.all(run)) {
        empty[row['state'] as ItemState] = { files: row['files'] as number, bytes: row['bytes'] as number }
      }
      return empty
    },
    find(id) {
      const row = one.get(run, id)
      return row === undefined ? undefined : toItem(row)
    },
    page({ state, after, limit }) {
      return (state === undefined ? all.all(run, after, limit) : inState.all(run, state, after, limit)).map(toItem)
    },
  }
}

function kept(error: KeptFailure | undefined): string | null {
  return error === undefined ? null : JSON.stringify(error)
}

function toItem(row: Record<string, unknown>): Item {
  const error = row['error'] as string | null
  return {
    id: row['id'] as number,
    name: row['name'] as string,
    key: row['key'] as string,
    path: row['path'] as string,
    bytes: row['bytes'] as number,
    mark: row['mark'] as string,
    large: row['large'] === 1,
    state: row['state'] as ItemState,
    answer: (row['answer'] as Answer | null) ?? undefined,
    copy: row['copy'] as number,
    error: error === null ? undefined : (JSON.parse(error) as KeptFailure),
  }
}
