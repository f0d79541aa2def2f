import type { CofferError } from '../../base/errors.ts'
import type { NewItem } from '../../store/transfer-items.ts'
import { backOff, isPassing } from '../backoff.ts'
import type { Core } from './core.ts'
import { asOwn, isStanding, keptOf } from './failure.ts'
import { findInHandfuls } from './finder.ts'

/** Repeats while its server answers others. */
const MOST_TRIES = 5

/** Looks for what there is to do, ahead of the work, unless all of it has been found. */
export function search<Done extends { bytes: number }>(core: Core<Done>): void {
  const { state, entry, shared } = core
  if (state.finding !== null || entry.foundAll || state.over) return
  const abort = new AbortController()
  const done = searchThrough(core, abort.signal).finally(() => {
    state.finding = null
    if (state.findAgain && !abort.signal.aborted) {
      searchAgain(core)
      search(core)
    }
    shared.changed(core.owned.id)
    shared.pump()
    core.finishIfDone()
  })
  state.finding = { done, abort }
}

/** What was there no more, or not yet, is looked for by the next search. What is known stays as it is. */
export function searchAgain<Done extends { bytes: number }>(core: Core<Done>): void {
  core.state.findAgain = core.state.finding !== null
  core.change({ foundAll: false })
}

async function searchThrough<Done extends { bytes: number }>(core: Core<Done>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const { session } = await core.place.get()
      await findInHandfuls(session.find(signal), (found) => tellFound(core, found), signal)
      core.change({ foundAll: true })
      return
    } catch (thrown) {
      if (signal.aborted) return
      const goesOn = await goOn(core, asOwn(thrown), tries, signal)
      if (goesOn === 'no') return
      if (goesOn === 'afresh') tries = 0
    }
  }
}

async function goOn<Done extends { bytes: number }>(
  core: Core<Done>,
  error: CofferError,
  tries: number,
  signal: AbortSignal,
): Promise<'again' | 'afresh' | 'no'> {
  const { away, place, follower } = core
  if (follower !== undefined) core.fail(error)
  else if (isStanding(error)) core.pauseFor(error)
  else if (!isPassing(error) || tries >= MOST_TRIES) core.change({ error: keptOf(error), foundAll: true })
  else {
    await place.reopen()
    if (!(await away.isGone())) {
      await backOff(tries, signal).catch(() => undefined)
      return 'again'
    }
    away.hold(error)
    await away.over()
    return 'afresh'
  }
  return 'no'
}

function tellFound<Done extends { bytes: number }>(core: Core<Done>, found: NewItem[]): void {
  const { tally, owned, follower, shared } = core
  const before = tally.total()
  owned.items.add(found)
  tally.found(found)
  for (const { state, ...item } of found) if (state !== 'waiting') follower?.tell({ kind: state, item })
  const now = tally.total()
  if (now.files !== before.files) follower?.tell({ kind: 'found', ...now })
  for (const large of [true, false]) core.feed(large).more()
  shared.changed(owned.id)
  shared.pump()
}
