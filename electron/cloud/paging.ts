import { CofferError } from '../base/errors.ts'

/**
 * Watches one listing that comes in pages. `next` is where the page says that the list goes on, and `first` names its first
 * entry. Throws LIST_INCOMPLETE where a page sends back to a place that was asked for before, or begins with an entry that
 * an earlier page began with: the list would never come to its end.
 */
export type PageGuard = (page: { next?: unknown; first?: string | undefined }) => void

/** `what` is listed, for a person: `the objects in s3://photos`. */
export function guardPages(what: string): PageGuard {
  const places = new Set<string>()
  const firsts = new Set<string>()
  return ({ next, first }) => {
    if (first !== undefined && seenBefore(firsts, first)) throw goesInCircles(what)
    if (next !== undefined && seenBefore(places, JSON.stringify(next))) throw goesInCircles(what)
  }
}

/** True for what is in the set already; else it is from now on. */
function seenBefore(set: Set<string>, value: string): boolean {
  if (set.has(value)) return true
  set.add(value)
  return false
}

/**
 * Where a listing goes on, of an answer that says whether it does. Throws LIST_INCOMPLETE for one that goes on nowhere:
 * what came so far is not all.
 */
export function nextPlace<Place>(
  isTruncated: boolean | undefined,
  place: Place | undefined,
  what: string,
): Place | undefined {
  if (isTruncated !== true) return undefined
  if (place === undefined) throw goesOnNowhere(what)
  return place
}

/**
 * The answers of a listing that comes in pages, to the last. `ask` gets where to go on, undefined for the first; `first`
 * names a page's first entry. Throws LIST_INCOMPLETE, and what `ask` throws.
 */
export async function* followPages<P extends { next?: Place | undefined }, Place>(
  what: string,
  ask: (from: Place | undefined) => Promise<P>,
  first: (page: P) => string | undefined,
): AsyncGenerator<P, void, void> {
  const guard = guardPages(what)
  let from: Place | undefined
  do {
    const page: P = await ask(from)
    guard({ next: page.next, first: first(page) })
    yield page
    from = page.next
  } while (from !== undefined)
}

export function goesOnNowhere(what: string): CofferError {
  return new CofferError(
    'LIST_INCOMPLETE',
    `The server lists only a part of ${what}, and does not say where the rest is.`,
  )
}

function goesInCircles(what: string): CofferError {
  return new CofferError(
    'LIST_INCOMPLETE',
    `The server lists ${what} in circles: it sends the same part again and again.`,
  )
}
