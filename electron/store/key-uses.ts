import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { isLocked } from './lock.ts'

/** Something that was begun, by this process or another one, that needs a key and has not come to its end. */
export interface UnfinishedUse {
  kind: 'put' | 'get' | 'rekey' | 'upload'
  /** Of the run, or of the upload that was cut off. */
  id: number
  place: string
  /** Undefined: wherever known objects are under a key. */
  bucket: string | undefined
  /** A process works on it now; else it waits for somebody to go on with it. */
  running: boolean
}

/** Which unfinished runs, re-keys and uploads need a key. */
export interface KeyUses {
  unfinished(key: { id: string; name: string }): UnfinishedUse[]
}

/** `home` has the lock files by which processes at work are known. */
export function openKeyUses(db: DatabaseSync, home: string): KeyUses {
  // A run names its key by id; one of an earlier version may name it as the person did.
  const runs = db.prepare(`
    SELECT id, kind, json_extract(body, '$.place') AS place, bucket, paused FROM transfer_runs
    WHERE ended_at IS NULL AND json_extract(body, '$.options.key') IN (?, ?) ORDER BY id`)
  const rekeys = db.prepare(`
    SELECT id, place, bucket FROM rekey_runs
    WHERE ended_at IS NULL AND (json_extract(options, '$.key') IN (?1, ?2) OR under IN (?1, ?2)) ORDER BY id`)
  const uploads = db.prepare('SELECT id, place, bucket, owner FROM uploads WHERE key_id = ? ORDER BY id')
  const isHeld = (name: string): boolean => isLocked(join(home, `${name}.lock`))

  return {
    unfinished: ({ id, name }) => [
      ...runs.all(id, name).map((row) => ({
        ...shared(row),
        kind: row['kind'] as 'put' | 'get',
        running: row['paused'] === 0 && isHeld(`transfer-${String(row['id'])}`),
      })),
      ...rekeys.all(id, name).map((row) => ({
        ...shared(row),
        kind: 'rekey' as const,
        running: isHeld(`rekey-${String(row['id'])}`),
      })),
      ...uploads.all(id).map((row) => ({
        ...shared(row),
        kind: 'upload' as const,
        running: row['owner'] !== null && isHeld(`process-${String(row['owner'])}`),
      })),
    ],
  }
}

function shared(row: Record<string, unknown>): Pick<UnfinishedUse, 'id' | 'place' | 'bucket'> {
  return {
    id: row['id'] as number,
    place: row['place'] as string,
    bucket: (row['bucket'] as string | null) ?? undefined,
  }
}
