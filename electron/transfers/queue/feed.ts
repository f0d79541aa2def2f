import type { Item, TransferItems } from '../../store/transfer-items.ts'

/** How many items of a lane are in memory ahead of the work. */
const AHEAD = 256

/** The next items of one lane of a run, out of the database, a handful at a time. */
export interface Feed {
  /** The next one, without taking it. */
  peek(): Item | undefined
  take(): Item | undefined
  /** There may be more: new ones were found. */
  more(): void
  /** Earlier ones wait again. What is under way must be known to `isActive`, what is done must be in the database. */
  rewind(): void
}

export function openFeed(items: TransferItems, large: boolean, isActive: (id: number) => boolean): Feed {
  let ahead: Item[] = []
  let next = 0
  let last = 0
  let dry = false

  const fill = (): void => {
    while (next === ahead.length && !dry) {
      const page = items.next({ large }, last, AHEAD)
      ahead = page.filter(({ id }) => !isActive(id))
      next = 0
      last = page.at(-1)?.id ?? last
      dry = page.length < AHEAD
    }
  }
  return {
    peek() {
      fill()
      return ahead[next]
    },
    take() {
      fill()
      const item = ahead[next]
      if (item !== undefined) next += 1
      return item
    },
    more() {
      dry = false
    },
    rewind() {
      ahead = []
      next = 0
      last = 0
      dry = false
    },
  }
}
