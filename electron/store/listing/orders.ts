import type { DatabaseSync } from 'node:sqlite'
import { WITHOUT_INSTRUCTION_FILES } from './instruction-files.ts'

export type Sort = 'name' | 'size' | 'date'

interface OrderQuery {
  /** The folder's row number. */
  folder: number
  sort: 'size' | 'date'
  descending: boolean
  /** An order is good for as long as this stays the same. */
  stamp: number
}

/** Folders whose order is kept: the one that is looked at, and a few one may go back to. */
const KEPT = 4

/**
 * The row numbers of a folder's objects by size or by date, by name where these are equal. Sorted when asked for, and kept,
 * so that scrolling does not sort again: an index for each would make a listing many times slower to take in.
 */
export function openOrders(db: DatabaseSync): (query: OrderQuery) => Float64Array {
  const columns = { size: 'size', date: 'modified' }
  const select = (sort: OrderQuery['sort']) => {
    const statement = db.prepare(
      `SELECT o.id, o.${columns[sort]} FROM listed_objects AS o
       WHERE o.folder = ? AND o.name > '' ${WITHOUT_INSTRUCTION_FILES} ORDER BY o.name`,
    )
    statement.setReturnArrays(true)
    return statement
  }
  const rows = { size: select('size'), date: select('date') }
  const kept = new Map<string, { stamp: number; order: Float64Array }>()

  return ({ folder, sort, descending, stamp }) => {
    const name = `${folder} ${sort} ${descending}`
    const known = kept.get(name)
    if (known?.stamp === stamp) return known.order
    const order = sorted(rows[sort].all(folder) as unknown as [id: number, value: number][], descending)
    kept.delete(name)
    kept.set(name, { stamp, order })
    const [oldest] = kept.keys()
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
    return order
  }
}

/** Array's sort is stable (ECMAScript 2019), so rows of one value stay in the order of their names. */
function sorted(rows: [id: number, value: number][], descending: boolean): Float64Array {
  rows.sort(descending ? ([, a], [, b]) => b - a : ([, a], [, b]) => a - b)
  return Float64Array.from(rows, ([id]) => id)
}
