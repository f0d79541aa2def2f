import type { Failure, PlaceInfo } from '../../electron/api/contract.ts'
import { asFailure } from '../../electron/api/client.ts'
import { coffer } from './coffer.ts'

/** A bucket as the sidebar shows it. */
export interface Bucket {
  name: string
  createdAt: Date | undefined
}

/** A place and what is known of its buckets. */
export interface PlaceState {
  info: PlaceInfo
  buckets: Bucket[] | undefined
  failure: Failure | undefined
  loading: boolean
}

/** The places a person has, and their buckets. */
class Session {
  places = $state<PlaceState[]>([])

  place(id: string): PlaceState | undefined {
    return this.places.find(({ info }) => info.id === id)
  }

  async load(): Promise<void> {
    const list = await coffer.client.places.list({})
    const before = new Map(this.places.map((place) => [place.info.id, place]))
    this.places = list.map((info) => ({
      ...(before.get(info.id) ?? { buckets: undefined, failure: undefined, loading: false }),
      info,
    }))
  }

  async loadBuckets(id: string): Promise<void> {
    const place = this.place(id)
    if (place === undefined) return
    place.loading = true
    try {
      const found = await coffer.client.buckets.list({ place: id })
      place.buckets = found.map(({ name, createdAt }) => ({ name, createdAt }))
      place.failure = undefined
    } catch (error) {
      place.failure = asFailure(error)
    } finally {
      place.loading = false
    }
  }
}

export const session = new Session()
