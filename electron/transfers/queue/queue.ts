import { CofferError } from '../../base/errors.ts'
import type { Answer, Item, ItemState } from '../../store/transfer-items.ts'
import type { OwnedRun, TransferOrder, TransferRunEntry, TransferRuns, Wish } from '../../store/transfer-runs.ts'
import type { RateLimit } from '../rate-limit.ts'
import { openLanes } from './lanes.ts'
import type { Ledger } from './ledger.ts'
import type { Shared } from './core.ts'
import { openRun, type Manner, type Run } from './run.ts'
import { itemView, runView, type ItemView, type RunView } from './view.ts'
import type { Work } from './work.ts'

/** Which: one item, one run, or everything. */
export interface Which {
  run?: number | undefined
  item?: number | undefined
}

/** All runs, as one process sees and works on them. */
export interface Queue<Done extends { bytes: number }> {
  /** Begins a run; with `repeat`, goes on with one of the same order that was cut off. */
  begin(order: TransferOrder, manner?: Manner<Done> & { repeat?: boolean }): Run
  pause(which: Which): Promise<void>
  resume(which: Which): Promise<void>
  cancel(which: Which): Promise<void>
  retry(which: Which): Promise<void>
  answer(run: number, answer: Answer, item?: number): Promise<void>
  /** Consent to plaintext, for all of a put. Throws INVALID_INPUT for any other run, UNSUPPORTED if another process is at it. */
  allowUnencrypted(run: number): void
  /** Takes over the runs that nobody works on, unless they are paused; answers how many. */
  resumeAll(): number
  /** Runs of this process that wait for their server ask it now. To be called after the computer slept. */
  wake(): void
  /** Forgets runs that have nothing left to do: all, or one. */
  clear(run?: number): void
  /** Forgets a run, whatever it is. It must have ended here. */
  forget(run: number): void
  /** True if an open run is still to put this key, or to bring this file. */
  isExpected(target: { bucket: string; key: string; path: string }): boolean
  views(only?: number): RunView[]
  items(run: number, page: { state?: ItemState | 'active' | undefined; after: number; limit: number }): ItemView[]
  limits: { up: RateLimit; down: RateLimit }
  /** Something may be begun now: a follower has taken in what it was told. */
  pump(): void
  /** Calls back whenever there is something new to see, until the answer is called. */
  onChange(heard: () => void): () => void
  /** Stops everything, to go on at the next start. */
  close(): Promise<void>
}

export interface QueueParts<Done extends { bytes: number }> {
  runs: TransferRuns
  work: Work<Done>
  ledger: Ledger
  limits: { up: RateLimit; down: RateLimit }
  moves(place: string): boolean
}

/** How often it is asked what other processes want, in milliseconds. */
const WISHES_EVERY = 1000
/** Runs that other processes work on are looked at this often. */
const LOOK_EVERY = 1000

export function openQueue<Done extends { bytes: number }>(parts: QueueParts<Done>): Queue<Done> {
  const { runs, ledger, limits } = parts
  const owned = new Map<number, Run>()
  const listeners = new Set<() => void>()
  const lanes = openLanes()
  const turn = { small: 0, large: 0 }
  let asking: NodeJS.Timeout | undefined

  const changed = (): void => {
    for (const heard of listeners) heard()
  }
  const shared: Shared<Done> = { ...parts, pump, changed }

  /** Runs take turns, so that a small one does not wait for a large one. */
  function pump(): void {
    for (const large of [true, false]) while (beginOne(large));
  }
  function beginOne(large: boolean): boolean {
    const lane = large ? 'large' : 'small'
    const all = [...owned.values()]
    for (let offset = 0; offset < all.length; offset++) {
      const at = (turn[lane] + offset) % all.length
      const run = all[at]
      const item = run?.peek(large)
      if (run === undefined || item === undefined) continue
      const contended = all.some((other) => other.peek(!large) !== undefined)
      if (!lanes.enter(large, item.bytes, contended)) return false
      turn[lane] = at + 1
      run.begin(large, () => lanes.leave(large, item.bytes))
      return true
    }
    return false
  }

  function work(run: OwnedRun, manner: Manner<Done> = {}): Run {
    const opened = openRun(run, shared, manner)
    owned.set(opened.id, opened)
    void opened.ended
      .catch(() => undefined)
      .then(() => {
        if (owned.get(opened.id) === opened) owned.delete(opened.id)
        if (owned.size === 0) clearInterval(asking)
        if (owned.size === 0) asking = undefined
        changed()
      })
    asking ??= setInterval(grantWishes, WISHES_EVERY)
    changed()
    return opened
  }
  function grantWishes(): void {
    for (const run of owned.values()) {
      const wish = runs.wish(run.id)
      if (wish === undefined) continue
      runs.change(run.id, { wish: undefined })
      if (wish === 'pause') void run.pause()
      else if (wish === 'cancel') void run.cancel()
      else if (wish === 'resume') run.resume()
      else if (wish === 'retry') run.retry()
      else run.answer(wish.slice('answer '.length) as Answer)
    }
  }
  function adopt(id: number, idle = false): Run | null {
    const run = runs.adopt(id)
    if (run === null) return null
    runs.change(id, { interrupted: true, wish: undefined })
    return work(run, { idle })
  }

  /** Does it here, or asks whoever works on the run to do it. Of all runs, to those that are `meant`. */
  async function control(
    which: Which,
    wish: Wish,
    act: (run: Run) => Promise<void> | void,
    meant: (id: number, open: boolean) => boolean = (_id, open) => open,
  ): Promise<void> {
    if (which.run !== undefined) known(which.run)
    for (const { id, open } of runs.list()) {
      if (which.run === undefined ? !meant(id, open) : id !== which.run) continue
      const run = owned.get(id) ?? adopt(id, true)
      if (run !== null) await act(run)
      else if (which.item === undefined) runs.change(id, { wish })
      else throw elsewhere()
    }
    changed()
  }
  function known(id: number): TransferRunEntry {
    const entry = runs.find(id)
    if (entry === undefined) throw new CofferError('INVALID_INPUT', `There is no transfer ${id}.`)
    return entry
  }

  const seen = new Map<number, { mark: string; at: number; view: RunView }>()
  /** Of a run that is worked on elsewhere, the database is asked now and then; of one that rests, when it has changed. */
  const view = ({ id, open, mark }: { id: number; open: boolean; mark: string }): RunView => {
    const run = owned.get(id)
    if (run !== undefined) {
      seen.delete(id)
      return runView(run.entry, run.summary(), { run, elsewhere: false })
    }
    const last = seen.get(id)
    const now = performance.now()
    if (last?.mark === mark && (!open || now - last.at < LOOK_EVERY)) return last.view
    const isElsewhere = open && runs.isOwnedElsewhere(id)
    const fresh = runView(known(id), runs.items(id).summary(), { elsewhere: isElsewhere })
    seen.set(id, { mark, at: now, view: fresh })
    return fresh
  }
  return {
    limits,
    pump,
    begin(order, { repeat, ...manner } = {}) {
      const again = repeat === true ? runs.repeat(order) : null
      if (again === null) return work(runs.begin(order), manner)
      runs.change(again.id, { interrupted: true, foundAll: false, paused: false, wish: undefined, error: undefined })
      return work(again, manner)
    },
    pause: (which) => control(which, 'pause', (run) => run.pause(which.item)),
    resume: (which) => control(which, 'resume', (run) => run.resume(which.item)),
    cancel: (which) => control(which, 'cancel', (run) => run.cancel(which.item)),
    retry: (which) =>
      control(
        which,
        'retry',
        (run) => run.retry(which.item),
        (id) => runs.items(id).summary().failed.files > 0,
      ),
    answer: (run, answer, item) => control({ run, item }, `answer ${answer}`, (mine) => mine.answer(answer, item)),
    allowUnencrypted(id) {
      if (known(id).kind !== 'put') throw new CofferError('INVALID_INPUT', `Transfer ${id} is no put.`)
      const run = owned.get(id) ?? adopt(id, true)
      if (run === null) throw elsewhere()
      run.allowUnencrypted()
      changed()
    },
    resumeAll() {
      return runs
        .open()
        .map(known)
        .filter(({ id, paused, placeRef }) => !paused && typeof placeRef === 'string' && !owned.has(id))
        .filter(({ id }) => adopt(id) !== null).length
    },
    wake() {
      for (const run of owned.values()) run.wake()
    },
    clear(id) {
      for (const entry of runs.list()) {
        if (entry.open || owned.has(entry.id) || (id !== undefined && id !== entry.id)) continue
        if (id !== undefined || runs.items(entry.id).summary().conflict.files === 0) runs.forget(entry.id)
      }
      changed()
    },
    forget(id) {
      ledger.flush()
      runs.forget(id)
      changed()
    },
    isExpected: (target) => runs.isExpected(target),
    views: (only) =>
      runs
        .list()
        .filter(({ id }) => only === undefined || id === only)
        .map(view),
    items(id, { state, after, limit }) {
      const entry = known(id)
      const run = owned.get(id)
      ledger.flush()
      const active = (item: Item) => run?.active.get(item.id)
      if (state !== 'active') {
        const page = runs.items(id).page({ state, after, limit })
        return page.map((item) => itemView(entry, item, active(item)))
      }
      const underWay = [...(run?.active.values() ?? [])].filter(({ item }) => item.id > after)
      return underWay.slice(0, limit).map(({ item, done }) => itemView(entry, item, { done }))
    },
    onChange(heard) {
      listeners.add(heard)
      return () => void listeners.delete(heard)
    },
    async close() {
      await Promise.all([...owned.values()].map((run) => run.stop()))
      ledger.flush()
    },
  }
}

function elsewhere(): CofferError {
  return new CofferError('UNSUPPORTED', 'Another window or process works on this transfer.', {
    hint: 'Do it there, or do it to the whole transfer.',
  })
}
