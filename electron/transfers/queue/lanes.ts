import { partSize, partsInFlight } from '../parts.ts'

/** What is longer goes in parts, and in the lane of large files. */
const LARGE = 8 * 1024 * 1024

/** As measured best: more do not go faster against a server near by, and hide its distance where it is far. */
const SMALL_AT_ONCE = 64
const LARGE_AT_ONCE = 4

/** Bytes of file content in memory, over all files under way. */
const BUDGET = 128 * 1024 * 1024
/** What each lane keeps for itself while the other one is busy. */
const SMALL_SHARE = 32 * 1024 * 1024
/** Buffers, sockets and promises of a file of no size at all. */
const LEAST_COST = 64 * 1024

/** True if it goes in parts. */
export function isLarge(bytes: number): boolean {
  return bytes > LARGE
}

/** What a file holds in memory while it is under way. */
function memoryOf(bytes: number): number {
  if (!isLarge(bytes)) return bytes + LEAST_COST
  const part = partSize(bytes)
  return part * partsInFlight(part)
}

export interface Lanes {
  /** Takes a place for a file, and answers false if there is none. `contended`: the other lane has files waiting. */
  enter(large: boolean, bytes: number, contended: boolean): boolean
  leave(large: boolean, bytes: number): void
}

/**
 * Two lanes over one budget of memory: small files do not queue behind large ones, and large ones are not kept out by a
 * stream of small ones. A file that alone holds more than the budget goes when its lane is empty.
 */
export function openLanes(): Lanes {
  const small = { at: 0, held: 0, places: SMALL_AT_ONCE, share: SMALL_SHARE }
  const wide = { at: 0, held: 0, places: LARGE_AT_ONCE, share: BUDGET - SMALL_SHARE }
  return {
    enter(large, bytes, contended) {
      const own = large ? wide : small
      const other = large ? small : wide
      const cost = memoryOf(bytes)
      const kept = contended ? Math.max(other.share, other.held) : other.held
      if (own.at > 0 && (own.at >= own.places || own.held + cost + kept > BUDGET)) return false
      own.at += 1
      own.held += cost
      return true
    },
    leave(large, bytes) {
      const own = large ? wide : small
      own.at -= 1
      own.held -= memoryOf(bytes)
    },
  }
}
