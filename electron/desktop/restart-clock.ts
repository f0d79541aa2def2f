/** How often in how many milliseconds a process may fall before it is left alone. */
const TIMES = 3
const WITHIN = 60_000

/** Says whether a process that fell is started again. One that falls again and again would only keep the machine busy. */
export function restartClock(): { mayRestart(now: number): boolean } {
  let falls: number[] = []
  return {
    mayRestart(now) {
      falls = [...falls.filter((fall) => now - fall < WITHIN), now]
      return falls.length <= TIMES
    },
  }
}
