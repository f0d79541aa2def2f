import { CofferError } from '../../base/errors.ts'
import { pausedReason } from '../../base/pause.ts'
import type { Item } from '../../store/transfer-items.ts'
import type { OwnedRun, TransferRunEntry, TransferRuns } from '../../store/transfer-runs.ts'
import type { RateLimit } from '../rate-limit.ts'
import { openAway, type Away } from './away.ts'
import { keptOf } from './failure.ts'
import { openFeed, type Feed } from './feed.ts'
import type { Ledger } from './ledger.ts'
import { openRunPlace, type RunPlace } from './place.ts'
import { openTally, type Tally } from './tally.ts'
import type { Follower, Work } from './work.ts'

/** What the runs of one process share. */
export interface Shared<Done extends { bytes: number }> {
  runs: TransferRuns
  work: Work<Done>
  ledger: Ledger
  limits: { up: RateLimit; down: RateLimit }
  /** True for a place whose server may come back at another address. */
  moves(place: string): boolean
  /** Something may be begun now. */
  pump(): void
  /** There is something new to see. */
  changed(id: number): void
}

export interface Active {
  item: Item
  done: number
  abort: AbortController
}

/** What all parts of a run that is worked on have in common. */
export interface Core<Done extends { bytes: number }> {
  readonly owned: OwnedRun
  readonly shared: Shared<Done>
  readonly follower: Follower<Done> | undefined
  readonly entry: TransferRunEntry
  readonly tally: Tally
  readonly place: RunPlace<Done>
  readonly away: Away
  readonly active: Map<number, Active>
  /** One for each of those, and done when nothing of it is under way any more. */
  readonly working: Set<Promise<void>>
  readonly state: {
    /** Nothing is begun any more. */
    over: boolean
    /** Its server has done something for it. */
    answered: boolean
    finding: { done: Promise<void>; abort: AbortController } | null
    /** After that, all of it is to be looked through once more. */
    findAgain: boolean
  }
  feed(large: boolean): Feed
  change(changes: Parameters<TransferRuns['change']>[1]): void
  /** Reads anew what is to be done; after what waits may have changed. */
  rewind(): void
  /** To be called after anything that may have been the last. */
  finishIfDone(): void
  /** Waits for the person to do something about this. */
  pauseFor(error: CofferError): void
  /** Ends it with this; what is under way is stopped for that reason. */
  fail(error: CofferError, reason?: CofferError): void
  /** Begins nothing any more and lets what is under way come to its own end; then it is over, or waits for the person. */
  stopAfter(error: CofferError): void
  /** Stops what is under way, and answers when it is. */
  halt(reason: CofferError): Promise<void>
  /** Lets go of everything. */
  close(): Promise<void>
  readonly end: PromiseWithResolvers<undefined>
}

export function cancelled(): CofferError {
  return new CofferError('CANCELLED', 'Cancelled.')
}

/** How long a person at a terminal is kept waiting for a server that has gone away, in milliseconds. */
const FOLLOWED_PATIENCE = 120_000

export function openCore<Done extends { bytes: number }>(
  owned: OwnedRun,
  shared: Shared<Done>,
  follower: Follower<Done> | undefined,
): Core<Done> {
  const { runs, ledger } = shared
  const { id, items } = owned
  const entry = runs.find(id)
  if (entry === undefined) throw new CofferError('INTERNAL', 'A run that was begun is not there.')
  const active: Core<Done>['active'] = new Map()
  const tally = openTally(items, ledger)
  const feeds = [false, true].map((large) => openFeed(items, large, (item) => active.has(item))) as [Feed, Feed]
  const place = openRunPlace(shared.work, entry, shared.moves(entry.place))
  const end = Promise.withResolvers<undefined>()
  end.promise.catch(() => undefined)

  const away = openAway({
    async probe(signal) {
      await place.reopen()
      await (await place.get()).session.probe(signal)
    },
    patience: follower === undefined ? undefined : FOLLOWED_PATIENCE,
    gaveUp: (error) => core.fail(withWayOn(error), pausedReason()),
    changed() {
      shared.changed(id)
      shared.pump()
      core.finishIfDone()
    },
  })

  const core: Core<Done> = {
    owned,
    shared,
    follower,
    entry,
    tally,
    place,
    away,
    active,
    working: new Set(),
    state: { over: false, answered: false, finding: null, findAgain: false },
    end,
    feed: (large) => feeds[large ? 1 : 0],
    change(changes) {
      Object.assign(entry, changes)
      runs.change(id, changes)
      shared.changed(id)
    },
    rewind() {
      ledger.flush()
      tally.reload()
      for (const feed of feeds) feed.rewind()
      shared.changed(id)
    },
    finishIfDone() {
      const { over, finding } = core.state
      if (over || finding !== null || active.size > 0 || away.now() !== null) return
      if (!entry.foundAll || entry.paused) return
      core.rewind()
      if (feeds.some((feed) => feed.peek() !== undefined)) {
        shared.pump()
        return
      }
      if (tally.summary().paused.files > 0) return
      core.change({ endedAt: new Date() })
      void core.close().then(() => end.resolve(undefined), end.reject)
    },
    pauseFor(error) {
      core.change({ error: keptOf(error), paused: true, interrupted: true })
      void core.halt(pausedReason())
    },
    fail(error, reason = cancelled()) {
      if (core.state.over) return
      core.state.over = true
      void core
        .halt(reason)
        .then(() => core.close())
        .finally(() => end.reject(error))
    },
    stopAfter(error) {
      const { state, working } = core
      if (state.over || entry.paused) return
      if (follower === undefined) core.change({ error: keptOf(error), paused: true, interrupted: true })
      else state.over = true
      state.finding?.abort.abort(pausedReason())
      if (follower === undefined) return
      void Promise.all([state.finding?.done, ...working])
        .then(() => follower.tell({ kind: 'stopped', files: tally.summary().waiting.files }))
        .then(() => core.close())
        .then(() => end.resolve(undefined), end.reject)
    },
    async halt(reason) {
      away.end()
      const { finding } = core.state
      finding?.abort.abort(reason)
      for (const { abort } of active.values()) abort.abort(reason)
      await Promise.all([finding?.done, ...core.working])
    },
    async close() {
      core.state.over = true
      await place[Symbol.asyncDispose]()
      ledger.flush()
      owned[Symbol.dispose]()
      shared.changed(id)
    },
  }
  return core
}

function withWayOn({ code, message, facts }: CofferError): CofferError {
  const hint = 'Give the same command again when it is back: it goes on from here.'
  return new CofferError(code, message, { hint, facts })
}
