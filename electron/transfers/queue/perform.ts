import type { CofferError } from '../../base/errors.ts'
import { pausedReason } from '../../base/pause.ts'
import type { Item } from '../../store/transfer-items.ts'
import type { RateLimit } from '../rate-limit.ts'
import { attempt, type Outcome, type Surroundings } from './attempt.ts'
import type { Active, Core } from './core.ts'
import { asOwn, isFinal, isStanding, keptOf } from './failure.ts'

/** So many failures without one answer from the server, and a followed run is over. */
const HOPELESS = 32

export interface Performer {
  /** Begins an item; `left` is called when it is through. */
  begin(item: Item, left: () => void): void
  /** The person has had a look: what stopped it counts no more. */
  resumed(): void
  /** Stops one that is under way, to be gone on with when somebody says so; false if it is not under way. */
  pause(item: number, reason: CofferError): boolean
}

/** Does items, and writes down what became of them. */
export function openPerformer<Done extends { bytes: number }>(core: Core<Done>, limit: RateLimit): Performer {
  const { active, working, shared, follower, entry, tally, away, place, state } = core
  const { id } = core.owned
  const pausedAlone = new Set<number>()
  let barren = 0
  let isStopped = false

  function settle(outcome: Outcome<Done>): void {
    const { item } = outcome
    active.delete(item.id)
    const alone = pausedAlone.delete(item.id)
    if (outcome.state === 'held' || (outcome.state === 'paused' && !alone)) {
      shared.ledger.flush()
      core.feed(item.large).rewind()
    } else if (outcome.state === 'done') {
      state.answered = true
      barren = 0
      tally.settle(item, 'done', outcome.done.bytes)
      follower?.tell({ kind: 'done', item, done: outcome.done })
    } else {
      const error = 'error' in outcome ? keptOf(outcome.error) : undefined
      tally.settle(item, outcome.state, item.bytes, error)
      if (outcome.state === 'failed') void tellFailed(item, outcome.error)
      if ('error' in outcome) follower?.tell({ kind: outcome.state, item: { ...item, error } })
      if (outcome.state === 'failed' && endsRun(outcome.error)) core.stopAfter(outcome.error)
    }
    shared.changed(id)
    shared.pump()
    core.finishIfDone()
  }
  async function tellFailed(item: Item, error: CofferError): Promise<void> {
    await place.get().then(
      ({ session }) => session.failed(item, error),
      // A place that cannot be opened has nothing to write it down with.
      () => undefined,
    )
  }

  /** A failure that may pass: is it the server's, or this item's alone? */
  async function onPassing(error: CofferError): Promise<'again' | 'fail' | 'hold'> {
    if (away.now() === null && !(await away.isGone())) return 'again'
    if (follower === undefined || state.answered) {
      away.hold(error)
      return 'hold'
    }
    barren += 1
    if (barren >= HOPELESS) core.fail(error)
    return 'fail'
  }
  function onOther(error: CofferError): 'fail' | 'hold' {
    if (endsRun(error)) return onFinal()
    if (follower !== undefined || !isStanding(error)) return 'fail'
    core.pauseFor(error)
    return 'hold'
  }

  /** Somebody at a terminal need not read of each file what holds for all: the place was not reached once. */
  function endsRun(error: CofferError): boolean {
    return isFinal(error) || (follower !== undefined && !state.answered && isStanding(error))
  }

  /** One of them says it for all: the others are not begun, or were given up for the same reason. */
  function onFinal(): 'fail' | 'hold' {
    if (isStopped) return 'hold'
    isStopped = true
    return 'fail'
  }

  function surroundings(mine: Active): Surroundings<Done> {
    const { item } = mine
    const { signal } = mine.abort
    return {
      place,
      watch: {
        signal,
        onProgress(done, total) {
          mine.done = done
          shared.changed(id)
          follower?.tell({ kind: 'progress', item, done, total })
        },
        onResumed: (done, total) => follower?.tell({ kind: 'resumed', item, done, total }),
        keep: follower === undefined,
        throttle: (bytes) => limit.pass(bytes, signal),
      },
      overwrite: () => entry.overwrite,
      mayBeDone: () => entry.interrupted,
      onPassing,
      onOther,
    }
  }
  return {
    begin(item, left) {
      const mine: Active = { item, done: 0, abort: new AbortController() }
      active.set(item.id, mine)
      follower?.tell({ kind: 'started', item })
      const work = attempt(item, surroundings(mine))
        .then((outcome) => {
          left()
          settle(outcome)
        })
        // What cannot be written down is tried again at the next start; to go on would only make more of it.
        .catch((error: unknown) => core.fail(asOwn(error), pausedReason()))
        .finally(() => working.delete(work))
      working.add(work)
    },
    resumed() {
      isStopped = false
    },
    pause(item, reason) {
      const mine = active.get(item)
      if (mine === undefined) return false
      pausedAlone.add(item)
      mine.abort.abort(reason)
      return true
    },
  }
}
