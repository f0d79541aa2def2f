/*
 * Updates of the desktop app, as its window sees them. A browser's window has none: who serves it is updated by whoever
 * installed it.
 */

/** What stands in the way of updates: no package, no signature, or a package that nothing can replace. */
export type UpdatesOff = 'development' | 'unsigned' | 'by-hand'

/** Why a step did not succeed. */
export type UpdateFailure = 'unreachable' | 'unusable' | 'unsigned' | 'changed' | 'busy'

export type UpdateState =
  | { kind: 'off'; why: UpdatesOff }
  | { kind: 'idle' | 'checking' | 'newest' }
  | { kind: 'found'; version: string; failure?: UpdateFailure }
  /** `part` of it is there: 0 to 1. */
  | { kind: 'fetching'; version: string; part: number }
  | { kind: 'ready'; version: string; failure?: UpdateFailure }
  | { kind: 'installing'; version: string }
  | { kind: 'failed'; failure: UpdateFailure }

/** What a person asks for. `look` asks nothing of the network. */
export const UPDATE_ORDERS = ['look', 'check', 'fetch', 'install'] as const
export type UpdateOrder = (typeof UPDATE_ORDERS)[number]
