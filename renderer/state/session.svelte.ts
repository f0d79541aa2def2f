import type { Failure, KnownBucket, PlaceInfo } from '../../electron/api/contract.ts'
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
  /** How much is in the buckets, as far as it is known. */
  known: KnownBucket[]
}

/** The places a person has, and their buckets. */
class Session {
  places = $state<PlaceState[]>([])
  readonly #loading = new Map<string, Promise<void>>()

  place(id: string): PlaceState | undefined {
    return this.places.find(({ info }) => info.id === id)
  }

  knownOf(id: string, bucket: string): KnownBucket | undefined {
    return this.place(id)?.known.find(({ name }) => name === bucket)
  }

  async load(): Promise<void> {
    const list = await coffer.client.places.list({})
    const before = new Map(this.places.map((place) => [place.info.id, place]))
    this.places = list.map((info) => ({
      ...(before.get(info.id) ?? { buckets: undefined, failure: undefined, loading: false, known: [] }),
      info,
    }))
  }

  /** Asks S3 for the buckets of a place, once for all views that want them at the same time. */
  loadBuckets(id: string): Promise<void> {
    const loading = this.#loading.get(id) ?? this.#loadBuckets(id).finally(() => this.#loading.delete(id))
    this.#loading.set(id, loading)
    return loading
  }

  async #loadBuckets(id: string): Promise<void> {
    // The list of places may be loaded anew meanwhile.
    const note = (what: Partial<PlaceState>): void => {
      const place = this.place(id)
      if (place !== undefined) Object.assign(place, what)
    }
    note({ loading: true })
    try {
      const found = await coffer.client.buckets.list({ place: id })
      note({ buckets: found.map(({ name, createdAt }) => ({ name, createdAt })), failure: undefined })
      await this.loadKnown(id)
    } catch (error) {
      note({ failure: asFailure(error) })
    } finally {
      note({ loading: false })
    }
  }

  /** Asks the catalog how much is in the buckets; S3 is not asked. What cannot be had is not shown. */
  async loadKnown(id: string): Promise<void> {
    const known = await coffer.client.buckets.known({ place: id }).catch(() => undefined)
    const place = this.place(id)
    if (known !== undefined && place !== undefined) place.known = known
  }
}

export const session = new Session()
