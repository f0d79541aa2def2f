import type { Output } from './output.ts'
import { count, duration, size } from './words.ts'

/** Draws one line: how much of how much, how fast, how long still. */
export interface Progress {
  found(files: number, bytes: number): void
  advanced(name: string, done: number): void
  /** A file is through, well or not. */
  finished(name: string, bytes: number): void
}

/** The rate looks this many milliseconds back. */
const WINDOW = 5000

export function createProgress(out: Output, now: () => number = () => performance.now()): Progress {
  const underWay = new Map<string, number>()
  const samples: { at: number; bytes: number }[] = [{ at: now(), bytes: 0 }]
  let finishedFiles = 0
  let finishedBytes = 0
  let files = 0
  let bytes = 0

  const draw = (): void => {
    if (!out.interactive) return
    const done = finishedBytes + [...underWay.values()].reduce((sum, part) => sum + part, 0)
    samples.push({ at: now(), bytes: done })
    while (samples.length > 2 && now() - (samples[0]?.at ?? 0) > WINDOW) samples.shift()
    out.status(progressText({ finishedFiles, files, done, bytes, rate: rateOf(samples) }))
  }
  return {
    found(allFiles, allBytes) {
      files = allFiles
      bytes = allBytes
      draw()
    },
    advanced(name, done) {
      underWay.set(name, done)
      draw()
    },
    finished(name, fileBytes) {
      underWay.delete(name)
      finishedFiles += 1
      finishedBytes += fileBytes
      draw()
    },
  }
}

function rateOf(samples: { at: number; bytes: number }[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.at - first.at < 200) return 0
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
}

/** `rate` in bytes a second; 0 while it is not known. */
export function progressText(state: {
  finishedFiles: number
  files: number
  done: number
  bytes: number
  rate: number
}): string {
  const { finishedFiles, files, done, bytes, rate } = state
  const parts = [
    ...(files > 1 ? [`${finishedFiles} of ${count(files, 'file')}`] : []),
    bytes > 0 ? `${size(done)} of ${size(bytes)}` : size(done),
  ]
  if (rate > 0) {
    parts.push(`${size(rate)}/s`)
    if (bytes > done) parts.push(`${duration(Math.ceil((bytes - done) / rate))} left`)
  }
  return parts.join(', ')
}
