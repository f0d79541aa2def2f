import type { SmallThread } from './small-thread.ts'
import { AT_ONCE } from './source-at-once.ts'

/** A run of fewer small files is over before a thread has started. */
const MANY = 256

/** Says which files of one run go by the thread for small files. */
export interface Beside {
  /** A file of so many bytes is to be moved. */
  found(bytes: number): void
  /** The thread that moves a file of so many bytes; null: it is moved here. */
  threadFor(bytes: number): Promise<SmallThread | null>
}

/** Once many small files were found, or moved, the thread is begun, and all that follow wait for it. */
export function beside(thread: SmallThread | undefined): Beside {
  let found = 0
  let moved = 0
  const isSmall = (bytes: number): boolean => bytes <= AT_ONCE
  return {
    found(bytes) {
      if (isSmall(bytes)) found += 1
    },
    async threadFor(bytes) {
      if (thread === undefined || !isSmall(bytes)) return null
      moved += 1
      if (found < MANY && moved < MANY) return null
      return (await thread.ready()) ? thread : null
    },
  }
}
