import { isCofferError } from '../../base/errors.ts'
import type { Coffer } from '../context.ts'

/** What would be lost with a key, as far as the catalog knows. */
export async function impactOf({ keys, catalog, places }: Coffer, idOrName: string) {
  const key = await keys.find(idOrName)
  const buckets = catalog.bucketsByKey(key.id).map((use) => ({ ...use, placeName: placeName(places, use.place) }))
  return {
    key,
    objects: buckets.reduce((sum, { objects }) => sum + objects, 0),
    bytes: buckets.reduce((sum, { bytes }) => sum + bytes, 0),
    buckets,
    unfinished: await keys.unfinished(key.id),
  }
}

/** A connection that was used once has its endpoint for a name. */
function placeName(places: Coffer['places'], id: string): string {
  try {
    return places.find(id).name
  } catch (error) {
    if (isCofferError(error, 'PLACE_NOT_FOUND')) return id
    throw error
  }
}
