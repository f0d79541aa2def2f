import type { ListedEntry } from '../../electron/api/contract.ts'
import { follow } from './follow.ts'

/** Where the rows of a view come from. */
export interface Rows {
  readonly total: number
  at(index: number): ListedEntry | undefined
  /** Those from `first` to `last`, fetched where they are not there yet. */
  between(first: number, last: number): Promise<ListedEntry[]>
}

/**
 * What is chosen in a view: one thing, a range, some, or all. It is kept by key, so that it stays the same objects whatever
 * row they are in. `cursor` is the row where the keys are.
 */
export class Selection {
  cursor = $state(-1)
  /** Rows that were chosen are still being fetched. */
  fetching = $state(false)
  entries = $state.raw<ListedEntry[]>([])
  #chosen = $state.raw<ReadonlyMap<string, ListedEntry>>(new Map())
  readonly #rows: Rows
  #anchor = 0
  /** A choice that is fetched counts only if no other came after it. */
  #turn = 0

  constructor(rows: Rows) {
    this.#rows = rows
  }

  has(key: string | undefined): boolean {
    return key !== undefined && this.#chosen.has(key)
  }

  get size(): number {
    return this.#chosen.size
  }

  clear(): void {
    this.#set(new Map())
    this.cursor = -1
  }

  only(index: number): void {
    this.#anchor = index
    this.cursor = index
    void this.#take(index, index)
  }

  toggle(index: number): void {
    this.#anchor = index
    this.cursor = index
    const entry = this.#rows.at(index)
    if (entry === undefined) return
    const chosen = new Map(this.#chosen)
    if (!chosen.delete(entry.key)) chosen.set(entry.key, entry)
    this.#set(chosen)
  }

  /** From where the last single choice was, to `index`. */
  extend(index: number): void {
    this.cursor = index
    void this.#take(Math.min(index, this.#anchor), Math.max(index, this.#anchor))
  }

  /** Every row there is, also those that were never looked at. */
  all(): void {
    this.cursor = Math.max(0, this.cursor)
    void this.#take(0, this.#rows.total - 1)
  }

  /** A part of the list was read anew; `now` has all rows that are there, in their order. */
  follow(before: ReadonlySet<string>, now: ReadonlyMap<string, ListedEntry>): void {
    if (this.#chosen.size > 0) this.#keep(follow(this.#chosen, before, now))
  }

  #keep(chosen: ReadonlyMap<string, ListedEntry>): void {
    this.#chosen = chosen
    this.entries = [...chosen.values()]
  }

  #set(chosen: ReadonlyMap<string, ListedEntry>): void {
    this.#turn += 1
    this.fetching = false
    this.#keep(chosen)
  }

  async #take(first: number, last: number): Promise<void> {
    const here = Array.from({ length: last - first + 1 }, (_, at) => this.#rows.at(first + at))
    if (here.every((entry) => entry !== undefined)) {
      this.#set(byKey(here))
      return
    }
    this.#set(new Map())
    const turn = this.#turn
    this.fetching = true
    try {
      const entries = await this.#rows.between(first, last)
      if (turn === this.#turn) this.#set(byKey(entries))
    } finally {
      if (turn === this.#turn) this.fetching = false
    }
  }
}

const byKey = (entries: ListedEntry[]): Map<string, ListedEntry> => new Map(entries.map((entry) => [entry.key, entry]))
