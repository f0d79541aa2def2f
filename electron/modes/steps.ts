import { toBase64 } from '../base/bytes.ts'
import type { Act, Actor, Journey, JourneyStep } from '../base/journey.ts'

/** Facts of a step; what is undefined is left out. */
export type Facts = Record<string, string | number | undefined>

/** A step that Coffer did itself or saw the answer to. */
export function seen(actor: Actor, act: Act, text: string, facts: Facts = {}): JourneyStep {
  return { actor, act, text, facts: known(facts), evidence: 'seen' }
}

/** A step inside a service, which the service's answer tells of. */
export function reported(actor: Actor, act: Act, text: string, facts: Facts = {}): JourneyStep {
  return { actor, act, text, facts: known(facts), evidence: 'reported' }
}

/** The same steps as a prospect: nothing of them has been seen. */
export function foretold(journey: Journey): Journey {
  return journey.map((step) => ({ ...step, evidence: 'reported' }))
}

/** The beginning of a wrapped key, enough to recognise it by. */
export function firstBytes(wrapped: Uint8Array): string {
  return `${toBase64(wrapped.subarray(0, 12))}…`
}

/** Whole and tenths of milliseconds, for how long a plain key was in memory. */
export function milliseconds(from: number, to: number): string {
  return (to - from).toFixed(1)
}

function known(facts: Facts): Record<string, string> {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
