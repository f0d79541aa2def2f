import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Notice } from '../../localcloud/handshake.ts'
import { isLocked } from '../../store/lock.ts'

/** A server that accepts connections. */
export interface Running {
  pid: number
  endpoint: string
  region: string
  /** What it found about the data when it started. */
  notices: Notice[]
}

/**
 * The server of a data folder, or null. It holds the folder's lock for as long as it lives and tells where it is in
 * `run.json`; without the lock the file is a dead server's, whose port may be anybody's by now.
 */
export function findRunning(dataDir: string): Running | null {
  return isTaken(dataDir) ? readRunFile(dataDir) : null
}

/** True while a server has the folder, even if it does not accept connections yet or any more. */
export function isTaken(dataDir: string): boolean {
  return isLocked(join(dataDir, 'lock.db'))
}

function readRunFile(dataDir: string): Running | null {
  try {
    const run = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as Partial<Running>
    const { pid, endpoint, region, notices = [] } = run
    return pid === undefined || endpoint === undefined || region === undefined
      ? null
      : { pid, endpoint, region, notices }
  } catch {
    return null
  }
}
