import { isCofferError } from '../../base/errors.ts'
import { toFailure } from './own-failures.ts'
import type { Failure } from '../contract/common.ts'
import type { Found, Task } from '../../vault/tasks.ts'
import type { LostProperty, OnProgress } from '../../vault/vault.ts'
import type { Batch } from './batch.ts'

/** What every operation on many objects tells; see contract/objects.ts. */
export type CommonEvent =
  | { kind: 'found'; files: number; bytes: number }
  | { kind: 'started'; name: string; bucket: string; key: string; bytes: number }
  | { kind: 'resumed'; name: string; done: number; total: number }
  | { kind: 'progress'; name: string; done: number; total: number }
  | { kind: 'skipped'; name: string; why: string; leftOut?: boolean }
  | { kind: 'file-failed'; name: string; bucket: string; key: string; error: Failure }
  | { kind: 'not-kept'; name: string; bucket: string; key: string; properties: string[] }
  | { kind: 'stopped'; files: number }

/** Does one task and returns the event that tells of it. */
export type Work<T extends Task, Done> = (
  task: T,
  watch: {
    signal: AbortSignal
    onProgress: OnProgress
    onResumed: OnProgress
    onLost: (properties: LostProperty[]) => void
  },
) => Promise<Done>

/** A large file keeps several parts in flight by itself, so it counts as several small ones. */
const LARGE = 8 * 1024 * 1024
const SMALL_AT_ONCE = 16
const LARGE_COST = 4

/** At most one progress event per file in this many milliseconds. */
const PROGRESS_EVERY = 100

/**
 * A batch over tasks: 16 small files or 4 large ones at once, or `concurrency` of any size. The failure of one task is an
 * event; only a cancel ends the whole, or a server that does not encrypt: then nothing else is begun.
 */
export function manyTasks<T extends Task, Done>(
  find: (signal: AbortSignal) => AsyncIterable<Found<T>>,
  work: Work<T, Done>,
  concurrency: number | undefined,
): Batch<T, CommonEvent | Done> {
  const state = { found: 0, begun: 0, isOver: false }
  const news = onceUncertain()
  const isOver = (): boolean => state.isOver
  return {
    capacity: concurrency ?? SMALL_AT_ONCE,
    cost: ({ bytes }) => (concurrency === undefined && bytes >= LARGE ? LARGE_COST : 1),
    find: (emit, signal) => findTasks(find(signal), emit, state),
    async work(task, emit, signal) {
      if (isOver()) return
      state.begun += 1
      const { name, bucket, key, bytes } = task
      emit({ kind: 'started', name, bucket, key, bytes })
      try {
        const onResumed: OnProgress = (done, total) => emit({ kind: 'resumed', name, done, total })
        const onLost = (properties: LostProperty[]): void => {
          const untold = news(properties)
          if (untold.length > 0) emit({ kind: 'not-kept', name, bucket, key, properties: untold })
        }
        emit(await work(task, { signal, onProgress: throttled(name, emit), onResumed, onLost }))
      } catch (error) {
        if (isCofferError(error, 'CANCELLED') || signal.aborted) throw error
        emit({ kind: 'file-failed', name, bucket, key, error: toFailure(error) })
        if (!isCofferError(error, 'NOT_ENCRYPTED') || isOver()) return
        state.isOver = true
        emit({ kind: 'stopped', files: state.found - state.begun })
      }
    },
  }
}

async function* findTasks<T extends Task>(
  found: AsyncIterable<Found<T>>,
  emit: (event: CommonEvent) => void,
  state: { found: number; isOver: boolean },
): AsyncGenerator<T, void, void> {
  let bytes = 0
  let told = 0
  for await (const task of found) {
    if ('skipped' in task) {
      emit({ kind: 'skipped', name: task.skipped, why: task.why, leftOut: task.isOwn !== true })
      continue
    }
    if ('failed' in task) {
      const { name, bucket, key } = task
      emit({ kind: 'file-failed', name, bucket, key, error: toFailure(task.failed) })
      continue
    }
    if (state.isOver) return
    state.found += 1
    bytes += task.bytes
    if (performance.now() - told >= PROGRESS_EVERY) {
      emit({ kind: 'found', files: state.found, bytes })
      told = performance.now()
    }
    yield task
  }
  emit({ kind: 'found', files: state.found, bytes })
}

/** What may be lost of any object, and may not, is told once; the rest of each. */
function onceUncertain(): (properties: LostProperty[]) => string[] {
  const told = new Set<string>()
  return (properties) => {
    const untold = properties.filter(({ what, isCertain }) => isCertain || !told.has(what))
    for (const { what } of untold) told.add(what)
    return untold.map(({ what }) => what)
  }
}

function throttled(name: string, emit: (event: CommonEvent) => void): OnProgress {
  let told = performance.now()
  return (done, total) => {
    if (performance.now() - told < PROGRESS_EVERY) return
    told = performance.now()
    emit({ kind: 'progress', name, done, total })
  }
}
