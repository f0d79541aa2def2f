import type { DatabaseSync } from 'node:sqlite'
import type { EnvelopeFormat, ModeChoice, ObservedMode } from '../base/mode-names.ts'
import { transaction } from '../base/transaction.ts'
import { isSameEntry, withEnvelope } from './catalog-entry.ts'
import { writeBehind } from './write-behind.ts'
import { openListing, type Listing, type StoredObject } from './listing/listing.ts'

/** What Coffer remembers of one object, valid for as long as its ETag is. */
export interface CatalogEntry {
  place: string
  bucket: string
  key: string
  etag: string
  size: number
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  /** Its client-side envelope as user metadata, should the server lose it. The data key in it is wrapped. */
  envelope?: Record<string, string> | undefined
  /**
   * The mode that a re-key which was cut off meant it to get to, if that may have replaced it by now. Read only: the journal
   * of re-keys knows it.
   */
  rekeyedTo?: ModeChoice | undefined
}

/** How many objects of one bucket need a key. */
export interface KeyUse {
  place: string
  bucket: string
  objects: number
  /** As stored. */
  bytes: number
}

/** The catalog in the database: what the vault asks for, and what the key list asks for. */
export interface StoredCatalog {
  remember(entry: CatalogEntry): void
  /** Null if never seen; the caller compares ETags where it has one. */
  recall(place: string, bucket: string, key: string): CatalogEntry | null
  forget(place: string, bucket: string, key: string): void
  /** The same as `remember`, of an object that Coffer has just written: it is in its folder at once. */
  stored(entry: CatalogEntry, modified: number): void
  /** The same as `forget`, of objects that are not there any more: they leave their folders at once. */
  gone(place: string, bucket: string, ...keys: string[]): void
  /** What is in the buckets, as far as they were listed. */
  listing: Listing
  /** Drops all that is known of a place that is gone. */
  forgetPlace(place: string): void
  /** How many known objects need a key. */
  countByKey(keyId: string): number
  /** In which buckets the known objects that need a key are, most objects first. */
  bucketsByKey(keyId: string): KeyUse[]
  /** The known objects that need a key, ordered by place, bucket and key. */
  listByKey(keyId: string, limit: number): CatalogEntry[]
}

export function openCatalog(db: DatabaseSync): StoredCatalog {
  const upsert = db.prepare(`
    INSERT INTO catalog (place, bucket, key, etag, size, mode, key_id, format, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (place, bucket, key) DO UPDATE SET etag = excluded.etag, size = excluded.size, mode = excluded.mode,
      key_id = excluded.key_id, format = excluded.format, envelope = excluded.envelope`)
  const select = db.prepare(`
    SELECT *, (
      SELECT runs.mode FROM rekey_runs AS runs
      CROSS JOIN rekey_items AS items ON items.run = runs.id AND items.bucket = ?2 AND items.key = ?3
      WHERE runs.place = ?1 AND runs.ended_at IS NULL AND items.state = 'started' AND items.replacing > 0
    ) AS rekeyed_to FROM catalog WHERE place = ?1 AND bucket = ?2 AND key = ?3`)
  const remove = db.prepare('DELETE FROM catalog WHERE place = ? AND bucket = ? AND key = ?')
  const removePlace = db.prepare('DELETE FROM catalog WHERE place = ?')
  const count = db.prepare('SELECT count(*) AS n FROM catalog WHERE key_id = ?')
  const uses = db.prepare(`
    SELECT place, bucket, count(*) AS objects, sum(size) AS bytes FROM catalog WHERE key_id = ?
    GROUP BY place, bucket ORDER BY objects DESC, place, bucket`)
  const byKey = db.prepare('SELECT * FROM catalog WHERE key_id = ? ORDER BY place, bucket, key LIMIT ?')
  const listing = openListing(db)
  const { later, flush } = writeBehind(db)
  /** What is to be written in a moment; it counts already. */
  const coming = new Map<string, CatalogEntry>()
  const remember = ({ place, bucket, key, etag, size, mode, keyId, format, envelope }: CatalogEntry): void => {
    const json = envelope === undefined ? null : JSON.stringify(envelope)
    upsert.run(place, bucket, key, etag, size, mode, keyId ?? null, format ?? null, json)
  }
  const recall = (place: string, bucket: string, key: string): CatalogEntry | null => {
    const expected = coming.get(nameOf({ place, bucket, key }))
    if (expected !== undefined) return expected
    const row = select.get(place, bucket, key)
    return row === undefined ? null : toEntry(row)
  }
  /** Of several of one object, the last. */
  const settle = (entry: CatalogEntry): void => {
    const name = nameOf(entry)
    if (coming.get(name) !== entry) return
    coming.delete(name)
    remember(entry)
  }
  const forget = (place: string, bucket: string, key: string): void => {
    coming.delete(nameOf({ place, bucket, key }))
    remove.run(place, bucket, key)
  }
  /** What was stored and is written down together, soon. */
  let batch: { entry: CatalogEntry; object: StoredObject }[] | null = null
  return {
    remember(told) {
      const known = recall(told.place, told.bucket, told.key)
      const entry = withEnvelope(known, told)
      if (isSameEntry(known, entry)) return
      later(() => settle(entry))
      coming.set(nameOf(entry), entry)
    },
    forget(place, bucket, key) {
      flush()
      forget(place, bucket, key)
    },
    stored(entry, modified) {
      const { place, bucket, key, size, etag } = entry
      const object = { place, bucket, key, size, modified, etag }
      coming.set(nameOf(entry), entry)
      if (batch !== null) {
        batch.push({ entry, object })
        return
      }
      const mine = (batch = [{ entry, object }])
      later(() => {
        batch = null
        for (const each of mine) settle(each.entry)
        listing.stored(mine.map((each) => each.object))
      })
    },
    gone(place, bucket, ...keys) {
      flush()
      transaction(db, () => {
        for (const key of keys) {
          forget(place, bucket, key)
          listing.gone(place, bucket, key)
        }
      })
    },
    get listing() {
      flush()
      return listing
    },
    recall,
    forgetPlace(place) {
      flush()
      removePlace.run(place)
      listing.forgetPlace(place)
    },
    countByKey(keyId) {
      flush()
      return Number(count.get(keyId)?.['n'])
    },
    bucketsByKey(keyId) {
      flush()
      return uses.all(keyId).map((row) => ({
        place: row['place'] as string,
        bucket: row['bucket'] as string,
        objects: row['objects'] as number,
        bytes: row['bytes'] as number,
      }))
    },
    listByKey(keyId, limit) {
      flush()
      return byKey.all(keyId, limit).map(toEntry)
    },
  }
}

/** Neither a place's nor a bucket's name has a NUL. */
function nameOf({ place, bucket, key }: Pick<CatalogEntry, 'place' | 'bucket' | 'key'>): string {
  return `${place}\0${bucket}\0${key}`
}

function toEntry(row: Record<string, unknown>): CatalogEntry {
  return {
    place: row['place'] as string,
    bucket: row['bucket'] as string,
    key: row['key'] as string,
    etag: row['etag'] as string,
    size: row['size'] as number,
    mode: row['mode'] as ObservedMode,
    keyId: (row['key_id'] as string | null) ?? undefined,
    format: (row['format'] as EnvelopeFormat | null) ?? undefined,
    ...envelopeOf(row['envelope'] as string | null),
    ...(typeof row['rekeyed_to'] === 'string' ? { rekeyedTo: row['rekeyed_to'] as ModeChoice } : {}),
  }
}

function envelopeOf(json: string | null): Pick<CatalogEntry, 'envelope'> {
  return json === null ? {} : { envelope: JSON.parse(json) as Record<string, string> }
}
