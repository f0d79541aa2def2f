/** The rate looks this many milliseconds back. */
const WINDOW = 5000
/** Two samples that are nearer than this tell nothing. */
const LEAST = 200

/** Bytes a second over the last seconds, from how many are done at each question. */
export function openSpeed(now: () => number = () => performance.now()): (bytesDone: number) => number {
  const samples: { at: number; bytes: number }[] = []
  return (bytes) => {
    const at = now()
    samples.push({ at, bytes })
    while (samples.length > 2 && at - (samples[0]?.at ?? at) > WINDOW) samples.shift()
    const first = samples[0]
    if (first === undefined || at - first.at < LEAST) return 0
    return Math.max(0, ((bytes - first.bytes) / (at - first.at)) * 1000)
  }
}
