import { openDatabase } from '../../../electron/store/database.ts'
import { openActivity } from '../../../electron/store/activity.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import type { Item, NewItem } from '../../../electron/store/transfer-items.ts'
import type { TransferRunEntry } from '../../../electron/store/transfer-runs.ts'
import { isCofferError } from '../../../electron/base/errors.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import { transferWork } from '../../../electron/vault/transfer-work.ts'
import type { TestVault } from './kit.ts'

const BUCKET = 'box'

export interface RunOutcome {
  done: string[]
  /** Code by key or, of what has none, by name. */
  failed: Record<string, string>
  skipped: string[]
}

/** Does what a run of the queue would do, one item after the other, without a queue. */
export async function runItems(
  vault: TestVault,
  order: Pick<TransferRunEntry, 'kind' | 'sources' | 'target'> & Partial<TransferRunEntry>,
): Promise<RunOutcome> {
  const db = openDatabase(vault.folder)
  const work = transferWork({
    openVault: () => Promise.resolve({ ...vault, [Symbol.dispose]: () => undefined }),
    openSource: fileSource,
    keys: vault.keys,
    settings: openSettings(db),
    activity: openActivity(db),
  })
  const run: TransferRunEntry = {
    ...{ id: 1, placeRef: 'test', place: 'test', bucket: BUCKET, options: {}, overwrite: 'refuse' },
    ...{ remembersMode: false, asksSizes: false, startedAt: new Date(), endedAt: undefined, foundAll: false },
    ...{ paused: false, cancelled: false, interrupted: false, error: undefined, wish: undefined },
    ...order,
  }
  const outcome: RunOutcome = { done: [], failed: {}, skipped: [] }
  try {
    using session = await work.open(run)
    for await (const item of session.find(new AbortController().signal)) {
      if (item.state === 'skipped') outcome.skipped.push(item.name)
      else if (item.state === 'failed') outcome.failed[item.key || item.name] = item.error?.code ?? ''
      else await perform(item, outcome, (each) => session.perform(each, WATCH, run.overwrite === 'replace'))
    }
    return outcome
  } finally {
    db.close()
  }
}

const WATCH = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onResumed: () => undefined,
  keep: false,
  throttle: () => Promise.resolve(),
}

async function perform(item: NewItem, outcome: RunOutcome, work: (item: Item) => Promise<unknown>): Promise<void> {
  try {
    await work({ ...item, id: 1, answer: undefined, copy: 0 })
    outcome.done.push(item.key)
  } catch (error) {
    if (!isCofferError(error)) throw error
    outcome.failed[item.key] = error.code
  }
}
