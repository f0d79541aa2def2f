import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolderSync } from '../../base/make-folder.ts'
import { foundFolder } from '../found.ts'
import { hasContent, release, type IndexParts } from './adopt.ts'
import { blobPath } from './blobs.ts'

/**
 * After the index was made anew: takes out the versions whose content is not in this folder, and lists them in a file in
 * `found/`. A copy of the folder that was made while the server ran may lack the content of what was written meanwhile.
 * Returns how many there are, and the list's path.
 */
export async function removeWithoutContent(
  dataDir: string,
  parts: IndexParts,
): Promise<{ count: number; list: string | null }> {
  const { database, versions, pieces } = parts
  const lost = versionsWithFiles(parts).filter(({ object, size }) => !hasContent(dataDir, pieces.list(object), size))
  await dropLostParts(dataDir, parts)
  if (lost.length === 0) return { count: 0, list: null }
  const list = writeList(dataDir, lost)
  await database.commit(() => {
    for (const { id, bucket, object } of lost) {
      const version = versions.byId(id)
      if (!version) continue
      versions.remove(bucket, version)
      release(dataDir, database, pieces, object)
    }
  })
  return { count: lost.length, list }
}

interface LostVersion {
  id: number
  bucket: number
  name: string
  key: string
  version: string
  object: string
  size: number
  modified: string
}

function versionsWithFiles({ database }: IndexParts): LostVersion[] {
  const rows = database.sql
    .prepare(
      `SELECT DISTINCT versions.id, bucket, name, CAST(key AS TEXT) AS key, version, versions.object, versions.size,
         versions.modified_ms AS modifiedMs
       FROM versions JOIN buckets ON buckets.id = bucket LEFT JOIN pieces ON pieces.object = versions.object
       WHERE marker = 0 AND (pieces.blob IS NOT NULL OR pieces.object IS NULL) ORDER BY versions.id`,
    )
    .all() as unknown as (Omit<LostVersion, 'modified'> & { modifiedMs: number })[]
  return rows.map(({ modifiedMs, ...row }) => ({ ...row, modified: new Date(modifiedMs).toISOString() }))
}

/** Parts of uploads under way whose file is not there: their client is told that they are missing, and sends them again. */
async function dropLostParts(dataDir: string, { database }: IndexParts): Promise<void> {
  const rows = database.sql
    .prepare(
      `SELECT pieces.object, number, blob FROM pieces JOIN uploads ON uploads.object = pieces.object
       WHERE blob IS NOT NULL`,
    )
    .all() as { object: string; number: number; blob: string }[]
  const lost = rows.filter(({ blob }) => !existsSync(blobPath(dataDir, blob)))
  if (lost.length === 0) return
  await database.commit(() => {
    const remove = database.sql.prepare('DELETE FROM pieces WHERE object = ? AND number = ?')
    for (const { object, number } of lost) remove.run(object, number)
  })
}

/** One line of JSON a version. */
function writeList(dataDir: string, lost: LostVersion[]): string {
  const path = join(foundFolder(dataDir), `missing-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jsonl`)
  makeFolderSync(foundFolder(dataDir), 0o700)
  const lines = lost.map(({ name, key, version, size, modified }) =>
    JSON.stringify({ bucket: name, key, version, size, modified }),
  )
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600, flush: true })
  return path
}
