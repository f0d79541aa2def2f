import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isLocked, tryLock } from './lock.ts'
import { writePrivate } from './private-file.ts'

/** The one program of a kind that runs over a folder of Coffer's, for as long as it lives. */
export interface Instance extends Disposable {
  /** Tells the person's other programs how to reach this one. `facts` may hold a secret: the file is the person's alone. */
  announce(facts: object): Promise<void>
}

/** Takes the place of the one `name` in `home`; null while another has it. Throws LOCAL_IO. */
export function takeInstance(home: string, name: string): Instance | null {
  const lock = tryLock(lockOf(home, name))
  if (lock === null) return null
  const file = fileOf(home, name)
  // What the one before left when it was killed.
  rmSync(file, { force: true })
  return {
    announce: (facts) => writePrivate(file, Buffer.from(`${JSON.stringify(facts)}\n`)),
    [Symbol.dispose]() {
      rmSync(file, { force: true })
      lock[Symbol.dispose]()
    },
  }
}

/** What the one `name` that runs has announced; undefined if none runs, or it has not announced itself yet. */
export function findInstance(home: string, name: string): unknown {
  try {
    return isLocked(lockOf(home, name)) ? JSON.parse(readFileSync(fileOf(home, name), 'utf8')) : undefined
  } catch {
    return undefined
  }
}

function lockOf(home: string, name: string): string {
  return join(home, `${name}.lock`)
}

function fileOf(home: string, name: string): string {
  return join(home, `${name}.json`)
}
