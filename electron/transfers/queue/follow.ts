import { createBell } from '../../base/bell.ts'
import { throwIfAborted } from '../../cloud/send.ts'
import { isCofferError } from '../../base/errors.ts'
import type { TransferOrder } from '../../store/transfer-runs.ts'
import type { Queue } from './queue.ts'
import type { Manner } from './run.ts'
import type { RunEvent } from './work.ts'

/** So many untold events, and nothing new is begun. */
const FULL = 1000

/**
 * Works on a run in the foreground and tells everything that happens in it. A run of the same order that was cut off goes
 * on. When the consumer stops reading or the signal fires, it is cancelled, and nothing is left behind. It is forgotten in
 * the end, unless its server has gone away.
 */
export async function* followRun<Done extends { bytes: number }>(
  queue: Queue<Done>,
  order: TransferOrder,
  { signal, ...manner }: Pick<Manner<Done>, 'atOnce' | 'limit'> & { signal: AbortSignal },
): AsyncGenerator<RunEvent<Done>, void, void> {
  throwIfAborted(signal)
  const told: RunEvent<Done>[] = []
  const bell = createBell()
  const follower = {
    tell(event: RunEvent<Done>) {
      told.push(event)
      bell.ring()
    },
    isFull: () => told.length >= FULL,
  }
  const run = queue.begin(order, { ...manner, follower, repeat: true })
  const state = { running: true, keep: false }
  const ended = run.ended.finally(() => {
    state.running = false
    bell.ring()
  })
  ended.catch(() => undefined)
  const cancel = (): void => void run.cancel()
  signal.addEventListener('abort', cancel)
  try {
    while (state.running || told.length > 0) {
      const wasFull = follower.isFull()
      const news = told.splice(0)
      if (wasFull) queue.pump()
      yield* news
      if (told.length === 0 && state.running) await bell.wait()
    }
    throwIfAborted(signal)
    await ended.catch((error: unknown) => {
      state.keep = isCofferError(error, 'NETWORK') && run.summary().done.files > 0
      throw error
    })
  } finally {
    signal.removeEventListener('abort', cancel)
    if (state.running) await run.cancel()
    await ended.catch(() => undefined)
    if (!state.keep) queue.forget(run.id)
  }
}
