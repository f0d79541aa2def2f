import { isPause } from '../../base/pause.ts'
import type { CofferError } from '../../base/errors.ts'
import { TOO_SLOW } from '../../cloud/wire/pace.ts'
import type { Item } from '../../store/transfer-items.ts'
import type { Overwrite } from '../../store/transfer-runs.ts'
import { backOff, isPassing } from '../backoff.ts'
import { asOwn } from './failure.ts'
import type { RunPlace } from './place.ts'
import type { ItemWatch } from './work.ts'

/** How it ended. `stopped`: its signal fired; `held`: its server is away, or all else would fail like it. */
export type Outcome<Done> =
  | { state: 'done'; item: Item; done: Done }
  | { state: 'failed' | 'skipped' | 'conflict'; item: Item; error: CofferError }
  | { state: 'paused' | 'cancelled'; item: Item }
  | { state: 'held'; item: Item }

/** What an attempt knows of its run. */
export interface Surroundings<Done extends { bytes: number }> {
  place: RunPlace<Done>
  watch: ItemWatch
  overwrite: () => Overwrite
  /** An earlier attempt may have done it without being able to tell. */
  mayBeDone(): boolean
  /** What to do about a failure that is not the item's own: try again, fail, or leave it for later. */
  onPassing(error: CofferError): Promise<'again' | 'fail' | 'hold'>
  onOther(error: CofferError): 'fail' | 'hold'
}

/** Repeats of one item while its server answers others. */
const MOST_TRIES = 4

/** The same where it answers too slowly: each takes long to be found out. */
const MOST_SLOW_TRIES = 2

/** Names that are tried to keep both, before somebody has to look. */
const MOST_COPIES = 1000

/** Does one item, again and again as long as that makes sense. */
export async function attempt<Done extends { bytes: number }>(
  first: Item,
  around: Surroundings<Done>,
): Promise<Outcome<Done>> {
  const { place, watch } = around
  let item = first
  let generation = -1
  let renewed = false
  for (let tries = 1; ; tries++) {
    try {
      const open = await place.get()
      generation = open.generation
      const done = await open.session.perform(item, watch, policyFor(item, around) === 'replace')
      return { state: 'done', item, done }
    } catch (thrown) {
      if (watch.signal.aborted) return { state: isPause(watch.signal) ? 'paused' : 'cancelled', item }
      const error = asOwn(thrown)
      if (error.code === 'ALREADY_EXISTS') {
        const next = await taken(item, error, around, tries > 1)
        if (!('again' in next)) return next
        item = next.again
        tries = 0
        continue
      }
      if (mayHaveMoved(error) && !renewed && place.renew(generation)) {
        renewed = true
        continue
      }
      if (!isPassing(error)) {
        if (around.onOther(error) === 'hold') return { state: 'held', item }
        return { state: 'failed', item, error }
      }
      const next = await around.onPassing(error)
      if (next === 'hold') return { state: 'held', item }
      if (next === 'fail' || tries >= (isTooSlow(error) ? MOST_SLOW_TRIES : MOST_TRIES))
        return { state: 'failed', item, error }
      await backOff(tries, watch.signal).catch(() => undefined)
    }
  }
}

function isTooSlow({ facts }: CofferError): boolean {
  return facts.networkCode === TOO_SLOW
}

/** Nobody answers where the server was, or somebody else does, or it hangs up because it is about to go. */
function mayHaveMoved({ code }: CofferError): boolean {
  return code === 'NETWORK' || code === 'LOCAL_SERVER'
}

/** An answer to its own conflict goes before what holds for the run. */
function policyFor(item: Item, { overwrite }: { overwrite: () => Overwrite }): Overwrite {
  return item.answer ?? overwrite()
}

/** Something is where it should go: its own doing, or a matter of what was said about that. */
async function taken<Done extends { bytes: number }>(
  item: Item,
  error: CofferError,
  around: Surroundings<Done>,
  again: boolean,
): Promise<Outcome<Done> | { again: Item }> {
  if (again || around.mayBeDone()) {
    const { session } = await around.place.get()
    const done = await session.recognise(item, around.watch.signal).catch(() => null)
    if (done !== null) return { state: 'done', item, done }
  }
  switch (policyFor(item, around)) {
    case 'ask':
      return { state: 'conflict', item, error }
    case 'skip':
      return { state: 'skipped', item, error }
    case 'keep-both':
      if (item.copy < MOST_COPIES) return { again: { ...item, copy: Math.max(2, item.copy + 1) } }
      return { state: 'failed', item, error }
    default:
      return { state: 'failed', item, error }
  }
}
