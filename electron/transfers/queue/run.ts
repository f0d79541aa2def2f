import { pausedReason } from '../../base/pause.ts'
import type { CofferError } from '../../base/errors.ts'
import type { Answer, Item, Summary } from '../../store/transfer-items.ts'
import type { OwnedRun, TransferRunEntry } from '../../store/transfer-runs.ts'
import type { RateLimit } from '../rate-limit.ts'
import { cancelled, openCore, type Active, type Core, type Shared } from './core.ts'
import { openPerformer } from './perform.ts'
import { search, searchAgain } from './search.ts'
import { openSpeed } from './speed.ts'
import type { Follower } from './work.ts'

/** How one run is worked on. */
export interface Manner<Done> {
  follower?: Follower<Done> | undefined
  /** At most so many files at once. */
  atOnce?: number | undefined
  /** Instead of the limit of all transfers. */
  limit?: RateLimit | undefined
  /** Nothing is begun before somebody says so. */
  idle?: boolean | undefined
}

/** A run that this process works on. */
export interface Run {
  readonly id: number
  readonly entry: TransferRunEntry
  readonly active: ReadonlyMap<number, Active>
  summary(): Summary
  isFinding(): boolean
  away(): { error: CofferError; nextTryAt: Date } | null
  speed(bytesDone: number): number
  /** The next item of a lane, if one may be begun. */
  peek(large: boolean): Item | undefined
  /** Begins what `peek` has shown; `left` is called when it is through. */
  begin(large: boolean, left: () => void): void
  /** All of it, or one item. Answers when nothing of what was stopped is under way any more. */
  pause(item?: number): Promise<void>
  resume(item?: number): void
  /** If it waits for its server, asks that now. */
  wake(): void
  cancel(item?: number): Promise<void>
  retry(item?: number): void
  answer(answer: Answer, item?: number): void
  /** Goes on with what its server has not encrypted, and keeps it as it is. */
  allowUnencrypted(): void
  /** Stops, as a pause does, and lets go of it; another start goes on with it. */
  stop(): Promise<void>
  /** Answers when there is nothing left to do here. Throws what ended it early, if it is followed. */
  ended: Promise<undefined>
}

export function openRun<Done extends { bytes: number }>(
  owned: OwnedRun,
  shared: Shared<Done>,
  { follower, atOnce, limit, idle }: Manner<Done>,
): Run {
  const core = openCore(owned, shared, follower)
  const { entry, tally, away, active, state, end } = core
  const { id, items } = owned
  const performer = openPerformer(core, limit ?? (entry.kind === 'put' ? shared.limits.up : shared.limits.down))
  const speed = openSpeed()

  function start(): void {
    core.rewind()
    search(core)
    shared.pump()
    core.finishIfDone()
  }
  const run: Run = {
    id,
    entry,
    active,
    ended: end.promise,
    summary: () => tally.summary(),
    isFinding: () => state.finding !== null || !entry.foundAll,
    away: () => away.now(),
    speed,
    peek(large) {
      const rests = state.over || entry.paused || entry.cancelled || away.now() !== null
      if (rests || follower?.isFull() === true || active.size >= (atOnce ?? Infinity)) return undefined
      return core.feed(large).peek()
    },
    begin(large, left) {
      const item = core.feed(large).take()
      if (item === undefined) left()
      else performer.begin(item, left)
    },
    async pause(item) {
      core.change({ interrupted: true, ...(item === undefined ? { paused: true } : {}) })
      if (item === undefined) {
        await core.halt(pausedReason())
        return
      }
      if (!performer.pause(item, pausedReason())) items.move(['waiting'], 'paused', item)
      core.rewind()
    },
    resume(item) {
      // Of one that waits for its server, it means: ask now.
      away.end()
      performer.resumed()
      if (item === undefined) core.change({ paused: false, error: undefined })
      items.move(['paused'], 'waiting', item)
      start()
    },
    wake: () => away.wake(),
    async cancel(item) {
      if (item === undefined) await cancelAll(core)
      else await cancelOne(core, item)
    },
    retry(item) {
      core.change({ cancelled: false, endedAt: undefined, interrupted: true })
      if (items.forgetUnfound(item)) searchAgain(core)
      items.move(['failed', 'cancelled'], 'waiting', item)
      run.resume(item)
    },
    allowUnencrypted() {
      core.change({ options: { ...entry.options, allowUnencrypted: true } })
      run.retry()
    },
    answer(answer, item) {
      core.change({ endedAt: undefined, ...(item === undefined ? { overwrite: answer } : {}) })
      items.answer(answer, item)
      start()
    },
    async stop() {
      if (state.over) return
      state.over = true
      core.change({ interrupted: true })
      await core.halt(pausedReason())
      await core.close()
      end.resolve(undefined)
    },
  }
  // Whoever opened it has to hear of it first.
  if (!entry.paused && idle !== true) queueMicrotask(start)
  return run
}

async function cancelAll<Done extends { bytes: number }>(core: Core<Done>): Promise<void> {
  const { state, owned } = core
  core.change({ cancelled: true, paused: false })
  await core.halt(cancelled())
  await discard(core, undefined)
  owned.items.move(['waiting', 'paused', 'conflict', 'failed'], 'cancelled')
  core.rewind()
  if (state.over) return
  core.change({ endedAt: new Date(), foundAll: true })
  await core.close()
  core.end.resolve(undefined)
}

async function cancelOne<Done extends { bytes: number }>(core: Core<Done>, item: number): Promise<void> {
  const mine = core.active.get(item)
  mine?.abort.abort(cancelled())
  if (mine !== undefined) await Promise.all(core.working)
  await discard(core, item)
  core.owned.items.move(['waiting', 'paused', 'conflict', 'failed'], 'cancelled', item)
  core.rewind()
  core.finishIfDone()
}

const PAGE = 500

/** What was stopped to go on later has kept something to go on with. Only large files do. */
async function discard<Done extends { bytes: number }>({ owned, place }: Core<Done>, only?: number): Promise<void> {
  for (let after = 0; ;) {
    const page = owned.items.page({ after, limit: PAGE })
    for (const item of page) {
      after = item.id
      const keeps = item.large && ['waiting', 'paused', 'failed'].includes(item.state)
      if (!keeps || (only !== undefined && only !== item.id)) continue
      const { session } = await place.get()
      await session.discard(item)
    }
    if (page.length < PAGE) return
  }
}
