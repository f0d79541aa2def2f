import type { EventLog, Fact } from '../base/event-log.ts'
import type { Queue } from '../transfers/queue/queue.ts'
import type { RunView } from '../transfers/queue/view.ts'
import type { TransferDone } from '../vault/transfer-work.ts'

/** Least milliseconds between two looks. */
const LOOK_EVERY = 1_000
/** As many failed items are looked at for their codes. */
const MOST_ITEMS = 200

/** Writes down each change of a run's state, by counts and by the codes of what failed, as long as the process runs. */
export function logRuns(queue: Queue<TransferDone>, log: EventLog): void {
  const known = new Map(queue.views().map(({ id, state }): [number, string] => [id, state]))
  let timer: NodeJS.Timeout | undefined

  const look = (): void => {
    timer = undefined
    for (const view of queue.views()) {
      if (view.elsewhere || known.get(view.id) === view.state) continue
      known.set(view.id, view.state)
      log.write('run', { ...factsOf(view), ...codesOf(queue, view) })
    }
  }
  queue.onChange(() => (timer ??= setTimeout(look, LOOK_EVERY).unref()))
}

function factsOf({ id, kind, state, mode, found, finished, failed, skipped, error }: RunView): Record<string, Fact> {
  const counts = { files: found.files, done: finished.files, failed: failed.files, skipped: skipped.files }
  return { run: id, kind, state, mode, ...counts, code: error?.code }
}

/** How many items failed with each code. */
function codesOf(queue: Queue<TransferDone>, { id, failed }: RunView): Record<string, number> {
  const codes: Record<string, number> = {}
  if (failed.files === 0) return codes
  for (const { error } of queue.items(id, { state: 'failed', after: 0, limit: MOST_ITEMS })) {
    if (error !== undefined) codes[error.code] = (codes[error.code] ?? 0) + 1
  }
  return codes
}
