import type { CofferError } from '../../base/errors.ts'
import type { Item, NewItem } from '../../store/transfer-items.ts'
import type { TransferRunEntry } from '../../store/transfer-runs.ts'

/** How an item is watched, stopped and slowed. */
export interface ItemWatch {
  signal: AbortSignal
  onProgress(done: number, total: number): void
  /** What an earlier attempt has done is there already. */
  onResumed(done: number, total: number): void
  /** What a failure that may pass leaves is of use to a later attempt; else nobody comes back for it. */
  keep: boolean
  throttle(bytes: number): Promise<void>
}

/**
 * What the queue does not know: how a file gets into a bucket and back. `Done` is what came of one item; the queue hands
 * it on and looks only at `bytes`.
 */
export interface Work<Done extends { bytes: number }> {
  /** Opens a run's place. Throws if it cannot be reached for. */
  open(run: TransferRunEntry): Promise<Session<Done>>
}

/** An open place, and what is done there for one run. */
export interface Session<Done extends { bytes: number }> extends Disposable {
  /** What there is to do. Found again, it is the same, and in the same order. */
  find(signal: AbortSignal): AsyncIterable<NewItem>
  /** Does one item. ALREADY_EXISTS if its target is taken and it may not replace it. */
  perform(item: Item, watch: ItemWatch, replace: boolean): Promise<Done>
  /** It has failed for good, as far as this attempt goes. */
  failed: (item: Item, error: CofferError) => void
  /** What an earlier attempt has done without being able to tell; null if what is there is not its doing. */
  recognise(item: Item, signal: AbortSignal): Promise<Done | null>
  /** Throws NETWORK, SERVER or THROTTLED while the server is away. */
  probe(signal: AbortSignal): Promise<void>
  /** Removes what a paused attempt kept to go on with. */
  discard(item: Item): Promise<void>
}

/** What is told of a run that somebody follows closely. */
export type RunEvent<Done> =
  | { kind: 'found'; files: number; bytes: number }
  | { kind: 'started'; item: Item }
  | { kind: 'resumed' | 'progress'; item: Item; done: number; total: number }
  | { kind: 'done'; item: Item; done: Done }
  | { kind: 'failed' | 'skipped' | 'conflict'; item: Pick<Item, 'name' | 'key' | 'error'> }
  /** Nothing else is begun; so many that were found are left. */
  | { kind: 'stopped'; files: number }

/** Hears everything that happens in a run, and can hold it up. */
export interface Follower<Done> {
  tell(event: RunEvent<Done>): void
  /** True while it has not taken in what it was told: nothing new is begun. */
  isFull(): boolean
}
