import { isCofferError } from '../../base/errors.ts'
import { toFailure } from '../failures.ts'
import type { Failure } from '../contract/common.ts'
import type { Found, Task } from '../../vault/tasks.ts'
import type { OnProgress } from '../../vault/vault.ts'
import type { Batch } from './batch.ts'

/** What every operation on many objects tells; see contract/objects.ts. */
export type CommonEvent =
  | { kind: 'found'; files: number; bytes: number }
  | { kind: 'started'; name: string; bucket: string; key: string; bytes: number }
  | { kind: 'resumed'; name: string; done: number; total: number }
  | { kind: 'progress'; name: string; done: number; total: number }
  | { kind: 'skipped'; name: string; why: string }
  | { kind: 'file-failed'; name: string; bucket: string; key: string; error: Failure }

/** Does one task and returns the event that tells of it. */
export type Work<T extends Task, Done> = (
  task: T,
  watch: { signal: AbortSignal; onProgress: OnProgress; onResumed: OnProgress },
) => Promise<Done>

/** A large file keeps several parts in flight by itself, so it counts as several small ones. */
const LARGE = 8 * 1024 * 1024
const SMALL_AT_ONCE = 16
const LARGE_COST = 4

/** At most one progress event per file in this many milliseconds. */
const PROGRESS_EVERY = 100

/**
 * A batch over tasks: 16 small files or 4 large ones at once, or `concurrency` of any size. The failure of one task is an
 * event; only a cancel ends the whole.
 */
export function manyTasks<T extends Task, Done>(
  find: (signal: AbortSignal) => AsyncIterable<Found<T>>,
  work: Work<T, Done>,
  concurrency: number | undefined,
): Batch<T, CommonEvent | Done> {
  return {
    capacity: concurrency ?? SMALL_AT_ONCE,
    cost: ({ bytes }) => (concurrency === undefined && bytes >= LARGE ? LARGE_COST : 1),
    find: (emit, signal) => findTasks(find(signal), emit),
    async work(task, emit, signal) {
      const { name, bucket, key, bytes } = task
      emit({ kind: 'started', name, bucket, key, bytes })
      try {
        const onResumed: OnProgress = (done, total) => emit({ kind: 'resumed', name, done, total })
        emit(await work(task, { signal, onProgress: throttled(name, emit), onResumed }))
      } catch (error) {
        if (isCofferError(error, 'CANCELLED') || signal.aborted) throw error
        emit({ kind: 'file-failed', name, bucket, key, error: toFailure(error) })
      }
    },
  }
}

async function* findTasks<T extends Task>(
  found: AsyncIterable<Found<T>>,
  emit: (event: CommonEvent) => void,
): AsyncGenerator<T, void, void> {
  let files = 0
  let bytes = 0
  let told = 0
  for await (const task of found) {
    if ('skipped' in task) {
      emit({ kind: 'skipped', name: task.skipped, why: task.why })
      continue
    }
    if ('failed' in task) {
      const { name, bucket, key } = task
      emit({ kind: 'file-failed', name, bucket, key, error: toFailure(task.failed) })
      continue
    }
    files += 1
    bytes += task.bytes
    if (performance.now() - told >= PROGRESS_EVERY) {
      emit({ kind: 'found', files, bytes })
      told = performance.now()
    }
    yield task
  }
  emit({ kind: 'found', files, bytes })
}

function throttled(name: string, emit: (event: CommonEvent) => void): OnProgress {
  let told = performance.now()
  return (done, total) => {
    if (performance.now() - told < PROGRESS_EVERY) return
    told = performance.now()
    emit({ kind: 'progress', name, done, total })
  }
}
