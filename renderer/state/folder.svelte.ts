import { SvelteMap } from 'svelte/reactivity'
import { asFailure } from '../../electron/api/client.ts'
import type { Failure, ListedEntry, ObservedMode } from '../../electron/api/contract.ts'
import { coffer } from './coffer.ts'
import { Selection, type Rows } from './selection.svelte.ts'

export type SortBy = 'name' | 'size' | 'date'

/** What is asked of the catalog at once. */
const CHUNK = 200
/** The same, where rows are fetched that nobody looks at; the contract's most. */
const MANY = 1000
/** What is asked about at once, of objects whose mode is not known yet. */
const DETAILS = 100
/** How often a view follows a listing that still grows. */
const FOLLOW_MS = 250

interface Details {
  mode: ObservedMode | undefined
  keyId: string | undefined
}

/**
 * One folder, or what a search found below it, as rows that are fetched when they come into view. The catalog answers at
 * once; S3 is listed behind it, and the rows follow.
 */
/** Some rows, and how many there are in all. */
interface Part {
  entries: ListedEntry[]
  total: number
  /** Only of a folder. */
  instructionFiles?: number
}

export class FolderView implements Rows {
  readonly place: string
  readonly bucket: string
  readonly prefix: string
  readonly selection = new Selection(this)

  total = $state(0)
  /** Of the objects that are shown; they are no rows of their own. */
  instructionFiles = $state(0)
  sort = $state<SortBy>('name')
  descending = $state(false)
  words = $state('')
  /** True until the first rows are there. */
  loading = $state(true)
  /** S3 is being listed. */
  refreshing = $state(false)
  failure = $state<Failure>()
  /** Rises when the catalog was asked anew: what is in the folder may be other than it was. */
  stamp = $state(0)
  /** How many a search has looked at. */
  searched = $state(0)

  #chunks = new SvelteMap<number, ListedEntry[]>()
  #details = new SvelteMap<string, Details>()
  #asked = new Set<number>()
  #unknown = new Set<string>()
  /** What is being removed: it is there still, and shown no more. */
  #leaving = new Set<string>()
  #visible: [number, number] = [0, 0]
  #generation = 0
  #stop = new AbortController()

  constructor(place: string, bucket: string, prefix: string) {
    this.place = place
    this.bucket = bucket
    this.prefix = prefix
  }

  get #where(): { place: string; bucket: string; prefix: string } {
    return { place: this.place, bucket: this.bucket, prefix: this.prefix }
  }

  /** The row at `index`; undefined while it is being fetched. */
  at(index: number): ListedEntry | undefined {
    return this.#chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK]
  }

  /** An object's mode and key: as listed, else as asked about since. */
  detailsOf(entry: ListedEntry): Details {
    if (entry.mode !== undefined) return { mode: entry.mode, keyId: entry.keyId }
    return this.#details.get(entry.key) ?? { mode: undefined, keyId: undefined }
  }

  /** Shows what the catalog has, then lists the folder. */
  async open(): Promise<void> {
    await this.reload()
    await this.refresh()
  }

  close(): void {
    this.#stop.abort()
  }

  /** Lists the folder anew and lets the rows follow as they come. */
  async refresh(): Promise<void> {
    if (this.refreshing) return
    this.refreshing = true
    this.failure = undefined
    let told = 0
    try {
      const events = await coffer.client.objects.refresh(this.#where, { signal: this.#stop.signal })
      for await (const { done } of events) {
        if (!done && performance.now() - told < FOLLOW_MS) continue
        told = performance.now()
        await this.reload()
      }
    } catch (error) {
      const failure = asFailure(error)
      if (!this.#stop.signal.aborted && failure.code !== 'CANCELLED') this.failure = failure
    } finally {
      this.refreshing = false
      this.loading = false
    }
  }

  /** Asks the catalog again for what can be seen. */
  async reload(): Promise<void> {
    const generation = ++this.#generation
    const before = new Map([...this.#chunks].map(([chunk, entries]) => [chunk, entries]))
    this.#asked.clear()
    const [first, end] = this.#visible
    const chunks = new Set<number>([0])
    for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < end; chunk++) chunks.add(chunk)
    await Promise.all([...chunks].map((chunk) => this.#fetch(chunk)))
    if (generation !== this.#generation) return
    this.stamp += 1
    // The rest is read anew when it comes into view.
    for (const chunk of this.#chunks.keys()) if (!this.#asked.has(chunk)) this.#chunks.delete(chunk)
    const readAnew = [...chunks].flatMap((chunk) => before.get(chunk) ?? [])
    const now = [...this.#chunks.values()].flat()
    this.selection.follow(new Set(readAnew.map(({ key }) => key)), new Map(now.map((entry) => [entry.key, entry])))
  }

  async between(first: number, last: number): Promise<ListedEntry[]> {
    const entries: ListedEntry[] = []
    for (let offset = first; offset <= last; offset += MANY) {
      const page = await this.#page(offset, Math.min(MANY, last + 1 - offset))
      entries.push(...page.entries)
    }
    return entries
  }

  /**
   * Takes rows out at once, before S3 has been asked to remove what they show. They come back with the next `reload` after
   * `back`, if they are there still.
   */
  leave(keys: readonly string[]): void {
    for (const key of keys) this.#leaving.add(key)
    const rows = [...this.#chunks].flatMap(([chunk, entries]) =>
      entries.map((entry, at) => ({ index: chunk * CHUNK + at, entry })),
    )
    rows.sort((one, other) => one.index - other.index)
    const kept = new Map<number, ListedEntry[]>()
    let gone = 0
    for (const { index, entry } of rows) {
      if (this.#leaving.has(entry.key)) gone += 1
      else place(kept, index - gone, entry)
    }
    this.#chunks.clear()
    for (const [chunk, entries] of kept) this.#chunks.set(chunk, entries)
    this.total = Math.max(0, this.total - keys.length)
  }

  back(keys: readonly string[]): void {
    for (const key of keys) this.#leaving.delete(key)
  }

  sortBy(sort: SortBy): void {
    this.descending = this.sort === sort ? !this.descending : sort !== 'name'
    this.sort = sort
    void this.#anew()
  }

  search(words: string): void {
    this.words = words
    void this.#anew()
  }

  async #anew(): Promise<void> {
    this.selection.clear()
    this.#visible = [0, 0]
    await this.reload()
  }

  /** The view says which rows it draws; those that are missing are fetched, and modes that are not known are asked about. */
  show(first: number, end: number): void {
    this.#visible = [first, end]
    for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < end; chunk++) void this.#fetch(chunk)
    this.#askDetails()
  }

  async #fetch(chunk: number): Promise<void> {
    if (this.#asked.has(chunk)) return
    this.#asked.add(chunk)
    const generation = this.#generation
    try {
      const { entries, total } = await this.#page(chunk * CHUNK, CHUNK)
      if (generation !== this.#generation) return
      if (entries.length > 0) this.#chunks.set(chunk, entries)
      else this.#chunks.delete(chunk)
      this.total = total
      if (total > 0) this.loading = false
      this.#askDetails()
    } catch (error) {
      if (generation === this.#generation) this.failure = asFailure(error)
    }
  }

  async #page(offset: number, limit: number): Promise<{ entries: ListedEntry[]; total: number }> {
    const { entries, total, instructionFiles = 0 } = await this.#ask(offset, limit)
    this.instructionFiles = instructionFiles
    if (this.#leaving.size === 0) return { entries, total }
    const staying = entries.filter(({ key }) => !this.#leaving.has(key))
    return { entries: staying, total: Math.max(staying.length, total - this.#leaving.size) }
  }

  async #ask(offset: number, limit: number): Promise<Part> {
    const { objects } = coffer.client
    const words = this.words.split(/\s+/).filter(Boolean)
    if (words.length === 0) {
      const { sort, descending } = this
      return objects.page({ ...this.#where, sort, descending, offset, limit })
    }
    const { entries, total, searched } = await objects.search({ ...this.#where, words, offset, limit })
    this.searched = searched
    return { entries, total }
  }

  #askDetails(): void {
    const [first, end] = this.#visible
    const keys: string[] = []
    for (let index = first; index < end && keys.length < DETAILS; index++) {
      const entry = this.at(index)
      if (entry?.kind !== 'object' || entry.mode !== undefined || this.#unknown.has(entry.key)) continue
      this.#unknown.add(entry.key)
      keys.push(entry.key)
    }
    if (keys.length > 0) void this.#fetchDetails(keys)
  }

  async #fetchDetails(keys: string[]): Promise<void> {
    const { place, bucket } = this
    try {
      for (const { key, mode, keyId } of await coffer.client.objects.details({ place, bucket, keys })) {
        this.#details.set(key, { mode, keyId })
      }
    } catch {
      // The marks stay blank; they are asked for again when the rows come into view the next time.
      for (const key of keys) this.#unknown.delete(key)
    }
  }
}

function place(chunks: Map<number, ListedEntry[]>, index: number, entry: ListedEntry): void {
  const chunk = Math.floor(index / CHUNK)
  const entries = chunks.get(chunk) ?? []
  entries[index % CHUNK] = entry
  chunks.set(chunk, entries)
}
