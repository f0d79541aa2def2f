import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isLocked, tryLock } from './lock.ts'

/** This process, as others can tell whether it lives: by a lock file that the system lets go of when it ends. */
export interface Owner extends Disposable {
  /** 8 hex digits. */
  id: string
  /** To be called before anything is written down under its id. */
  live(): void
  /** True if the process that had this id is gone. */
  isDead(id: string): boolean
  /** Removes what is left of a process that is gone. */
  bury(id: string): void
}

export function openOwner(home: string): Owner {
  const id = randomBytes(4).toString('hex')
  const lockOf = (who: string): string => join(home, `process-${who}.lock`)
  let lock: Disposable | null = null
  const remove = (who: string): void => {
    for (const suffix of ['', '-journal']) rmSync(lockOf(who) + suffix, { force: true })
  }
  return {
    id,
    live() {
      // It is held for a moment by whoever finds out whether it is held (sweepHome).
      while (lock === null) lock = tryLock(lockOf(id))
    },
    isDead: (who) => who !== id && !isLocked(lockOf(who)),
    bury: remove,
    [Symbol.dispose]() {
      if (lock === null) return
      lock[Symbol.dispose]()
      lock = null
      remove(id)
    },
  }
}
