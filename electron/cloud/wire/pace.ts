/** Bytes a second that an answer has to come with. A link this slow moves 64 KiB in a quarter of an hour. */
const LEAST_SPEED = 64

/** So many arrivals make a rate; a server that falls silent for a moment makes none (its idle timeout is another matter). */
const LEAST_ARRIVALS = 8

/** Watches how fast an answer comes: one that sends a byte a second would never be idle, and never end. */
export interface Pace {
  /** So many bytes have come at a time in milliseconds. False: too slow for too long. */
  came(bytes: number, now: number): boolean
  /** What came so far does not count: another answer begins, or nobody was reading. */
  restart(): void
}

/** Measures the speed over half of the `silence`: the milliseconds for which a connection may be silent. */
export function paceFor(silence: number): Pace {
  const span = silence / 2
  const least = (LEAST_SPEED * span) / 1_000
  let since = 0
  let arrivals = 0
  let bytes = 0
  const restart = (): void => {
    arrivals = 0
    bytes = 0
  }
  return {
    restart,
    came(count, now) {
      if (arrivals === 0) since = now
      arrivals += 1
      bytes += count
      if (now - since < span || (arrivals < LEAST_ARRIVALS && bytes < least)) return true
      const perSecond = (bytes * 1_000) / (now - since)
      restart()
      return perSecond >= LEAST_SPEED
    },
  }
}

/** Not sent again by the client: the next answer would trickle as well, and each takes as long to be found out. */
export function tooSlow(): Error {
  const message = `The server sends fewer than ${LEAST_SPEED} bytes a second.`
  return Object.assign(new Error(message), { code: TOO_SLOW })
}

/** The code of that error. */
export const TOO_SLOW = 'ETOOSLOW'
