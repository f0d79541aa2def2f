import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { syncFolder } from '../../durable-file.ts'
import { LOGGED_TABLES, migrate } from '../schema.ts'
import { frameCipher, newHeader } from './frame.ts'
import { snapshotName } from './log-folder.ts'

const UNFINISHED = '.snapshot.new'

export interface SnapshotOptions {
  /** The database's file. */
  path: string
  /** The log's folder. */
  folder: string
  logKey: Buffer
  logId: string
  /** The last commit that the database has followed. */
  seq: number
  signal?: AbortSignal
}

/**
 * Writes every row of the database as it is at this moment into a snapshot, a little at a time, while commits go on. It
 * takes its name once it is whole and on disk.
 */
export function writeSnapshot(options: SnapshotOptions): Promise<void> {
  const { path, folder, seq, signal } = options
  const source = new DatabaseSync(path, { readOnly: true })
  // The first read fixes what this connection sees.
  source.exec('BEGIN')
  source.prepare('SELECT count(*) FROM log_state').get()
  const target = join(folder, snapshotName(seq))
  const unfinished = join(folder, `${String(seq)}${UNFINISHED}`)

  async function write(): Promise<void> {
    const file = await open(unfinished, 'w', 0o600)
    try {
      await writeFrames(file, source, options)
      await file.sync()
    } finally {
      await file.close()
    }
    signal?.throwIfAborted()
    await rename(unfinished, target)
    syncFolder(folder)
  }

  return write()
    .catch(async (error: unknown) => {
      await rm(unfinished, { force: true })
      throw error
    })
    .finally(() => source.close())
}

async function writeFrames(file: FileHandle, source: DatabaseSync, options: SnapshotOptions): Promise<void> {
  const { logKey, logId, seq, signal } = options
  const header = newHeader(logId, seq)
  const cipher = frameCipher(logKey, header)
  await file.writeFile(header.bytes)
  for (const patchset of insertions(source)) {
    signal?.throwIfAborted()
    await file.writeFile(Buffer.concat(cipher.seal(seq, patchset)))
    await turn()
  }
}

/** Removes what a snapshot that was cut off has left. */
export function removeUnfinishedSnapshots(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith(UNFINISHED)) rmSync(join(folder, name), { force: true })
  }
}

const ROWS_AT_A_TIME = 200

/** All rows of a database as patchsets that insert them: through a database in memory with the same tables. */
function* insertions(source: DatabaseSync): Generator<Uint8Array> {
  const memory = new DatabaseSync(':memory:')
  memory.exec('PRAGMA foreign_keys = OFF')
  migrate(memory)
  try {
    for (const table of LOGGED_TABLES) {
      let rows: Record<string, unknown>[] = []
      for (const row of source.prepare(`SELECT * FROM ${table}`).iterate()) {
        rows.push(row)
        if (rows.length < ROWS_AT_A_TIME) continue
        yield asPatchset(memory, table, rows)
        rows = []
      }
      if (rows.length > 0) yield asPatchset(memory, table, rows)
    }
  } finally {
    memory.close()
  }
}

function asPatchset(memory: DatabaseSync, table: string, rows: Record<string, unknown>[]): Uint8Array {
  const session = memory.createSession()
  const columns = Object.keys(rows[0] ?? {})
  const insert = memory.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  for (const row of rows) insert.run(...(Object.values(row) as SQLInputValue[]))
  const patchset = session.patchset()
  session.close()
  memory.exec(`DELETE FROM ${table}`)
  return patchset
}
