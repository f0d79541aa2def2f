import { throwIfAborted } from '../../cloud/send.ts'
import type { NewItem } from '../../store/transfer-items.ts'

/** What is found goes to the database in handfuls, at the latest after this many milliseconds. */
const HANDFUL = 1000
const PATIENCE = 100

/** Hands on what is found, a handful at a time; none of it stays in memory. */
export async function findInHandfuls(
  found: AsyncIterable<NewItem>,
  add: (items: NewItem[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let handful: NewItem[] = []
  let since = performance.now()
  for await (const item of found) {
    throwIfAborted(signal)
    handful.push(item)
    if (handful.length < HANDFUL && performance.now() - since < PATIENCE) continue
    add(handful)
    handful = []
    since = performance.now()
  }
  if (handful.length > 0) add(handful)
}
