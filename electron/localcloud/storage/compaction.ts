import { rmSync, statSync } from 'node:fs'
import type { CommitLog } from './log/commit-log.ts'
import { listLog, logFolder } from './log/log-folder.ts'
import { writeSnapshot } from './log/snapshot.ts'

/** A log that is shorter than this is not worth a snapshot. */
const LEAST_BYTES = 16 << 20
/** A snapshot is due when the log has grown to this many times the database. */
const GROWTH = 1.5
/** For as long as this, files that a snapshot has replaced stay: a copy of the folder that is being made needs them. */
const KEEP_MILLISECONDS = 600_000
const PAUSE_AFTER_FAILURE = 600_000

export interface Compaction {
  /** Looks whether a snapshot is due, and begins it. */
  afterCommit: () => void
  stop(): Promise<void>
}

/** Keeps the log short: writes a snapshot when it has grown, and removes what that replaces. */
export function startCompaction(path: string, log: CommitLog, dataDir: string, logKey: Buffer): Compaction {
  const folder = logFolder(dataDir)
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | undefined
  let notBefore = 0
  removeObsolete(folder)

  async function compact(): Promise<void> {
    log.rotate()
    try {
      await writeSnapshot({ path, folder, logKey, logId: log.id, seq: log.lastSeq, signal })
      log.startsAnew()
      setTimeout(() => removeObsolete(folder), KEEP_MILLISECONDS).unref()
    } catch {
      // The log stays as it is. A full disk may have space again later.
      notBefore = Date.now() + PAUSE_AFTER_FAILURE
    } finally {
      running = undefined
    }
  }

  return {
    afterCommit: () => {
      if (running || log.grownBytes < LEAST_BYTES || Date.now() < notBefore || signal.aborted) return
      if (log.grownBytes > GROWTH * statSync(path).size) running = compact()
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

function removeObsolete(folder: string): void {
  const { snapshot, obsolete } = listLog(folder)
  if (!snapshot || Date.now() - statSync(snapshot.path).mtimeMs < KEEP_MILLISECONDS) return
  for (const { path } of obsolete) rmSync(path, { force: true })
}
