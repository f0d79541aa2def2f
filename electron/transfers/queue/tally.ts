import type {
  Item,
  ItemState,
  KeptFailure,
  NewItem,
  Settled,
  Summary,
  TransferItems,
} from '../../store/transfer-items.ts'
import type { Ledger } from './ledger.ts'

/** How many items of a run are in which state, without asking the database each time. */
export interface Tally {
  summary(): Summary
  /** All that there is to do, what is left out not counted. */
  total(): { files: number; bytes: number }
  found(items: NewItem[]): void
  /** An item that waited has ended; it is written down soon. */
  settle(item: Item, state: ItemState, bytes: number, error?: KeptFailure): void
  /** What is in the database counts. */
  reload(): void
}

export function openTally(items: TransferItems, ledger: Ledger): Tally {
  let summary = items.summary()
  let batch: Settled[] | null = null

  // Of a run that goes on, what is found again is known; only the database can tell.
  let known = isAny(summary)

  const reload = (): void => {
    summary = items.summary()
    known = isAny(summary)
  }
  return {
    summary: () => summary,
    total() {
      const all = Object.values(summary)
      return {
        files: all.reduce((sum, { files }) => sum + files, -summary.skipped.files),
        bytes: all.reduce((sum, { bytes }) => sum + bytes, -summary.skipped.bytes),
      }
    },
    found(found) {
      if (known) {
        ledger.flush()
        reload()
        return
      }
      for (const { state, bytes } of found) {
        summary[state].files += 1
        summary[state].bytes += bytes
      }
    },
    settle(item, state, bytes, error) {
      summary.waiting.files -= 1
      summary.waiting.bytes -= item.bytes
      summary[state].files += 1
      summary[state].bytes += bytes
      const end = { id: item.id, state, bytes, copy: item.copy, error }
      if (batch !== null) {
        batch.push(end)
        return
      }
      const mine = (batch = [end])
      ledger.later(() => {
        items.settle(mine)
        if (batch === mine) batch = null
      })
    },
    reload,
  }
}

function isAny(summary: Summary): boolean {
  return Object.values(summary).some(({ files }) => files > 0)
}
