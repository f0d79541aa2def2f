import { CofferError } from '../base/errors.ts'
import type { NewItem } from '../store/transfer-items.ts'
import { asOwn, keptOf } from '../transfers/queue/failure.ts'
import { isLarge } from '../transfers/queue/lanes.ts'
import type { Beside } from './small-beside.ts'
import type { Found, Task } from './tasks.ts'

/** What a search has turned up, as items of a run. */
export async function* newItems(
  found: AsyncIterable<Found<Task & { path: string }>>,
  small: Beside,
): AsyncGenerator<NewItem, void, void> {
  for await (const task of found) {
    if ('skipped' in task) {
      const error = keptOf(new CofferError(task.isOwn === true ? 'UNSUPPORTED' : 'LEFT_OUT', task.why, { hint: '' }))
      yield { ...NOTHING, name: task.skipped, path: task.skipped, state: 'skipped', error }
    } else if ('failed' in task) {
      yield { ...NOTHING, name: task.name, key: task.key, state: 'failed', error: keptOf(asOwn(task.failed)) }
    } else {
      const { name, key, path, bytes, mark = '' } = task
      small.found(bytes)
      yield { name, key, path, bytes, mark, large: isLarge(bytes), state: 'waiting' }
    }
  }
}

const NOTHING = { key: '', path: '', bytes: 0, mark: '', large: false }
