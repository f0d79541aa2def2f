import type { Journey } from '../base/journey.ts'

/** One state of an object. */
interface Which {
  place: string
  bucket: string
  key: string
  etag: string
}

/** What was seen when objects were last read from here, for as long as this process runs. No secret is in a journey. */
export interface LastReads {
  remember(which: Which, journey: Journey): void
  /** Null if it was not read, or too many others have been since. */
  of(which: Which): { at: Date; journey: Journey } | null
}

/** What is remembered at most; a journey has a dozen steps. */
const KEPT = 1000

export function openLastReads(kept = KEPT): LastReads {
  const seen = new Map<string, { at: Date; journey: Journey }>()
  return {
    remember(which, journey) {
      const name = nameOf(which)
      // What was read last goes last.
      seen.delete(name)
      seen.set(name, { at: new Date(), journey })
      const [oldest] = seen.keys()
      if (seen.size > kept && oldest !== undefined) seen.delete(oldest)
    },
    of: (which) => seen.get(nameOf(which)) ?? null,
  }
}

const nameOf = ({ place, bucket, key, etag }: Which): string => JSON.stringify([place, bucket, key, etag])
