import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setAside } from '../found.ts'
import { BLOB_ID } from './blobs.ts'
import type { Database } from './database.ts'

export interface Reconciled {
  /** Content files that the index does not know; they are in `found/` now. */
  unknown: number
  /** Content files that the index names and that are not there. */
  missing: number
}

/** A run of the server: the log's id, in part, and how far the log was when it started. */
export function runMark(logId: string, seq: number): string {
  return `${logId.slice(0, 16)}-${String(seq)}`
}

const PROVISIONAL = /^([0-9a-f]{32})\.([0-9a-f]{16})-(\d+)$/

/**
 * Compares the content files with the index when the server starts. Removes only what an unfinished write of this very index
 * left: a file under a provisional name of this log, from a run that the log reaches beyond. What else the index does not know
 * goes to `found/`.
 */
export function reconcileContent(dataDir: string, { sql }: Database, logId: string, seq: number): Reconciled {
  const named = sql.prepare(
    `SELECT blob, 1 AS held FROM pieces WHERE blob >= ?1 AND blob < ?2
     UNION ALL SELECT blob, 0 FROM manifests WHERE blob >= ?1 AND blob < ?2
     UNION ALL SELECT blob, 0 FROM removals WHERE blob >= ?1 AND blob < ?2`,
  )
  const result: Reconciled = { unknown: 0, missing: 0 }
  for (const folder of contentFolders(dataDir)) {
    const rows = named.all(folder.name, `${folder.name}g`) as { blob: string; held: number }[]
    const known = new Set(rows.map(({ blob }) => blob))
    const present = new Set<string>()
    for (const name of folder.files) {
      const path = join(folder.path, name)
      const [, id = name, log, run] = PROVISIONAL.exec(name) ?? []
      if (!BLOB_ID.test(id)) continue
      if (known.has(id)) {
        if (id !== name) renameSync(path, join(folder.path, id))
        present.add(id)
      } else if (log !== undefined && logId.startsWith(log) && Number(run) <= seq) {
        rmSync(path, { force: true })
      } else {
        setAside(dataDir, path)
        result.unknown++
      }
    }
    result.missing += rows.filter(({ blob, held }) => held === 1 && !present.has(blob)).length
  }
  return result
}

/** Whether there is any content file. */
export function hasContent(dataDir: string): boolean {
  for (const { files } of contentFolders(dataDir)) {
    if (files.some((name) => BLOB_ID.test(name))) return true
  }
  return false
}

function* contentFolders(dataDir: string): Generator<{ name: string; path: string; files: string[] }> {
  for (let first = 0; first < 256; first++) {
    const name = first.toString(16).padStart(2, '0')
    const path = join(dataDir, 'objects', name)
    yield { name, path, files: filesIn(path) }
  }
}

/** The names in a folder; none if it is not there. */
export function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
