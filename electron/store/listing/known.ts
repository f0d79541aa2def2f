import type { DatabaseSync } from 'node:sqlite'

/** How much is in a bucket, as far as it was listed. */
export interface KnownBucket {
  name: string
  objects: number
  /** As stored. */
  bytes: number
  /** False: there is at least so much, for a folder was never listed to its end. */
  complete: boolean
  /** The oldest listing that counts; undefined if none has come to its end. */
  listedAt: Date | undefined
}

/** What is known of a place's buckets, by name. It is summed up over folders, not over objects. */
export function openKnown(db: DatabaseSync): (place: string) => KnownBucket[] {
  const buckets = db.prepare('SELECT id, bucket FROM listed_buckets WHERE place = ? ORDER BY bucket')
  // A folder is known since it was listed, alone or with one above it; one that was written into a known folder, since then.
  const sum = db.prepare(`
    WITH RECURSIVE known (id, objects, bytes, whole, deep, at) AS (
      SELECT id, objects, bytes, whole, coalesce(deep_at, 0), max(coalesce(listed_at, 0), coalesce(deep_at, 0))
      FROM listed_folders WHERE bucket = ? AND path = ''
      UNION ALL
      SELECT f.id, f.objects, f.bytes, f.whole, max(known.deep, coalesce(f.deep_at, 0)),
        coalesce(nullif(max(known.deep, coalesce(f.deep_at, 0), coalesce(f.listed_at, 0)), 0), known.at)
      FROM known JOIN listed_folders AS f ON f.parent = known.id)
    SELECT sum(objects) AS objects, sum(bytes) AS bytes, min(whole) AS complete, min(at) AS at FROM known`)
  return (place) =>
    buckets.all(place).flatMap((row) => {
      const { objects, bytes, complete, at } = sum.get(Number(row['id'])) ?? {}
      if (typeof objects !== 'number') return []
      const listedAt = typeof at === 'number' && at > 0 ? new Date(at) : undefined
      return [{ name: String(row['bucket']), objects, bytes: Number(bytes), complete: complete === 1, listedAt }]
    })
}
