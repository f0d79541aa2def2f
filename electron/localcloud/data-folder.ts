import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolderSync } from '../base/make-folder.ts'
import { removeStaged, replaceFile } from './durable-file.ts'
import type { Notice } from './handshake.ts'

/** The data folder, held for as long as this process lives. */
export interface DataFolder {
  /** Tells other programs of this user where the server is; holds no secret. */
  announce(run: RunFile): void
  release(): void
}

/** What `run.json` holds. */
export interface RunFile {
  pid: number
  endpoint: string
  region: string
  /** ISO 8601. */
  startedAt: string
  notices: Notice[]
}

/** Whether a folder holds a vault, or what is left of one. An empty folder may be the mount point of a disk. */
export function holdsVault(dataDir: string): boolean {
  return ['root-key.check', 's3.db', 'kms.db', 'objects'].some((name) => existsSync(join(dataDir, name)))
}

/**
 * Takes the data folder for this process alone, or answers null if another process has it.
 *
 * The lock is SQLite's exclusive lock on a file: the system drops it when the process dies, however it dies, so it is
 * never stale.
 */
export function takeDataFolder(dataDir: string): DataFolder | null {
  makeFolderSync(dataDir, 0o700)
  const lock = new DatabaseSync(join(dataDir, 'lock.db'))
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (isBusy(error)) return null
    throw error
  }
  const runFile = join(dataDir, 'run.json')
  rmSync(runFile, { force: true })
  removeStaged(runFile)
  return {
    announce(run) {
      replaceFile(runFile, Buffer.from(`${JSON.stringify(run)}\n`))
    },
    release() {
      rmSync(runFile, { force: true })
      lock.close()
    },
  }
}

const SQLITE_BUSY = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}
