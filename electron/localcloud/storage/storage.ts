import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDiskTight } from '../disk-space.ts'
import type { Notice } from '../handshake.ts'
import { adoptFound, recallReplaced, type IndexParts } from './adopt.ts'
import { openBlobs, type Blobs } from './blobs.ts'
import { openBuckets } from './buckets.ts'
import { startCompaction } from './compaction.ts'
import { openDatabase } from './database.ts'
import { openDescriptions } from './description.ts'
import { removeWithoutContent } from './missing.ts'
import { disown, openIndex } from './open-index.ts'
import { openPieces } from './pieces.ts'
import { hasContent, reconcileContent, runMark } from './reconcile.ts'
import { openRemovals, type Removals } from './removals.ts'
import { storageNotices, type BroughtBack } from './storage-notices.ts'
import { openVersions } from './versions.ts'

export interface StorageOptions {
  dataDir: string
  /** 32 bytes each: seal the index's log, and what content files say of themselves. */
  logKey: Buffer
  descriptionKey: Buffer
  /** Make the index anew from `objects/`, whatever state it is in. */
  rebuild: boolean
  /** Milliseconds for which removed content files are kept. */
  keepRemovedMs: number
  /** Called before something that may take minutes. */
  onSlow: () => void
}

/** S3's state on disk: index, log and content files. */
export interface Storage extends IndexParts {
  dataDir: string
  /** The database's file. */
  indexPath: string
  blobs: Blobs
  removals: Removals
  /** What its owner should know. */
  notices: Notice[]
  close(): Promise<void>
}

/**
 * Opens S3's state and recovers from whatever happened to it: an index that is lost, damaged, older than the content files or
 * a copy is made anew from the log and the content files. Nothing is deleted but what this index knows to be rubbish. Throws
 * IndexDamagedError.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { dataDir, logKey, rebuild, onSlow } = options
  const { path, log, report } = await openIndex({
    ...{ dataDir, logKey, rebuild, onSlow },
    hasContent: () => hasContent(dataDir),
  })
  const compaction = startCompaction(path, log, dataDir, logKey)
  const database = openDatabase(path, log, compaction.afterCommit)
  const blobs = openBlobs(dataDir, runMark(log.id, log.lastSeq))
  const reconciled = reconcileContent(dataDir, database, log.id, log.lastSeq)
  // Written by a version that moved content files in from there; what is left was never acknowledged.
  rmSync(join(dataDir, 'tmp'), { recursive: true, force: true })
  const removals = openRemovals(database, blobs, options.keepRemovedMs, () => isDiskTight(dataDir))
  const parts: IndexParts = {
    database,
    buckets: openBuckets(database),
    versions: openVersions(database),
    pieces: openPieces(database, removals),
    descriptions: openDescriptions(options.descriptionKey),
  }
  const rebuilt = report.rebuilt === undefined ? undefined : await bringBack(dataDir, parts)
  return {
    ...parts,
    dataDir,
    indexPath: path,
    blobs,
    removals,
    notices: storageNotices(dataDir, report, reconciled, rebuilt),
    close: async () => {
      removals.stop()
      await compaction.stop()
      disown(database)
      database.close()
      log.close()
    },
  }
}

async function bringBack(dataDir: string, parts: IndexParts): Promise<BroughtBack> {
  await recallReplaced(dataDir, parts)
  const { adopted, left } = await adoptFound(dataDir, parts)
  const missing = await removeWithoutContent(dataDir, parts)
  const { objects } = parts.database.sql.prepare('SELECT count(*) AS objects FROM versions WHERE marker = 0').get() as {
    objects: number
  }
  return { adopted, left, missing, objects }
}
