import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { CofferError } from '../../base/errors.ts'
import type { ListedEntry, ReadEntries } from './folder-pages.ts'
import { findLines, folded, openNames } from './names.ts'
import type { ListedTables } from './tables.ts'

export interface SearchQuery {
  place: string
  bucket: string
  /** Only below this folder; '' for the whole bucket. */
  prefix: string
  /** All of them must be in the key, in any case and order. */
  words: string[]
  /** How many of what is found are left out, from the first. */
  offset: number
  limit: number
}

export interface SearchResult {
  /** Those that hold the words in their name before those that hold them in their path, each in the order of folders. */
  entries: ListedEntry[]
  /** How many there are in all. */
  total: number
  /** How many objects were looked at. */
  searched: number
}

/** The objects whose keys hold all of the words. Throws CANCELLED. */
export type Search = (query: SearchQuery, signal: AbortSignal) => Promise<SearchResult>

export function openSearch(db: DatabaseSync, tables: ListedTables, entries: ReadEntries): Search {
  const names = openNames(db)
  return async ({ place, bucket: name, prefix, words, offset, limit }, signal) => {
    const end = offset + limit
    const bucket = tables.findBucket(place, name)
    if (bucket === null) return { entries: [], total: 0, searched: 0 }
    // The longest word is in the fewest keys, so it goes first.
    const wanted = words.map((word) => Buffer.from(folded(word))).sort((a, b) => b.length - a.length)
    const inName: number[] = []
    const inPath: number[] = []
    let [total, searched] = [0, 0]
    for (const part of names(bucket, tables.changes(bucket), prefix)) {
      if (signal.aborted) throw new CofferError('CANCELLED', 'Cancelled.')
      // A bucket of millions takes a while, in which others want their turn.
      if (searched > 0) await turn()
      findLines(part, wanted, (id, isInName) => {
        const list = isInName ? inName : inPath
        if (list.length < end) list.push(id)
        total += 1
      })
      searched += part.ids.length
    }
    return { entries: entries(place, name, inName.concat(inPath).slice(offset, end)), total, searched }
  }
}
