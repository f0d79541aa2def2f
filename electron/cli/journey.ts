import type { Journey } from '../base/journey.ts'

/** A journey as numbered steps: who did what, and below it with which algorithm, key and so on. */
export function journeyLines(journey: Journey): string[] {
  return journey.flatMap(({ text, facts }, index) => {
    const details = Object.entries(facts).map(([name, value]) => `       ${name}: ${value}`)
    return [`${index + 1}. `.padStart(5) + text, ...details]
  })
}
