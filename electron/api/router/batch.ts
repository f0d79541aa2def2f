import { createBell } from '../../base/bell.ts'
import { CofferError } from '../../base/errors.ts'
import { asCofferError } from './own-failures.ts'

/** How a batch is run. */
export interface Batch<Item, Event> {
  /** Finds what there is to do; runs ahead of the work, so that totals are known early. */
  find(emit: (event: Event) => void, signal: AbortSignal): AsyncIterable<Item>
  /** Does one item. What it throws ends the whole batch; a failure of one item is an event. */
  work(item: Item, emit: (event: Event) => void, signal: AbortSignal): Promise<void>
  /** How much of `capacity` an item holds while it is worked on. */
  cost(item: Item): number
  /** How much may be held at once; an item that costs more runs alone. */
  capacity: number
}

/**
 * Works on several items at once and yields what they tell, as it happens.
 *
 * When the consumer stops reading, the signal fires or something throws, everything under way is told to stop and is
 * waited for, so that nothing is left behind. Throws CANCELLED if `outer` fired.
 */
export async function* runBatch<Item, Event>(
  batch: Batch<Item, Event>,
  outer: AbortSignal,
): AsyncGenerator<Event, void, void> {
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  const told: Event[] = []
  const bell = createBell()
  const emit = (event: Event): void => {
    told.push(event)
    bell.ring()
  }

  const state = { running: true }
  const settled = runAll(batch, emit, signal, stop).finally(() => {
    state.running = false
    bell.ring()
  })
  settled.catch(() => undefined)

  try {
    for (;;) {
      yield* told.splice(0)
      if (told.length > 0) continue
      if (!state.running) break
      await bell.wait()
    }
    await settled
    if (outer.aborted) throw new CofferError('CANCELLED', 'Cancelled.')
  } finally {
    stop.abort()
    await settled.catch(() => undefined)
  }
}

/** Runs the finder and the work side by side; settles once nothing is under way any more. */
function runAll<Item, Event>(
  batch: Batch<Item, Event>,
  emit: (event: Event) => void,
  signal: AbortSignal,
  stop: AbortController,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: Item[] = []
    let next = 0
    let held = 0
    let finding = true
    let failed: CofferError | null = null

    const settle = (): void => {
      if (finding || held > 0) return
      if (failed !== null) reject(failed)
      else if (signal.aborted || next === waiting.length) resolve()
    }
    const fail = (error: unknown): void => {
      failed ??= asCofferError(error)
      stop.abort()
    }
    const start = (item: Item, cost: number): void => {
      held += cost
      void batch
        .work(item, emit, signal)
        .catch(fail)
        .finally(() => {
          held -= cost
          pump()
        })
    }
    const pump = (): void => {
      while (failed === null && !signal.aborted) {
        const item = waiting[next]
        if (item === undefined) break
        const cost = batch.cost(item)
        if (held > 0 && held + cost > batch.capacity) break
        next += 1
        start(item, cost)
      }
      settle()
    }
    const find = async (): Promise<void> => {
      for await (const item of batch.find(emit, signal)) {
        if (failed !== null || signal.aborted) return
        waiting.push(item)
        pump()
      }
    }
    void find()
      .catch(fail)
      .finally(() => {
        finding = false
        pump()
      })
  })
}
