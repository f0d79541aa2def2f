import { chanceOf } from './seed.ts'

/** One request as the network sees it. */
export interface Crossing {
  /** `PUT /bucket/key?partNumber=2`, without what differs from run to run. */
  name: string
  /** How often it has been asked before. */
  before: number
}

/** What becomes of one request and its answer. `at` is where in the body, from 0 to 1. */
export interface Fault {
  kind: FaultKind
  at: number
}

/** Decides what becomes of a request; null: nothing. */
export type Weather = (crossing: Crossing) => Fault | null

export const FAULT_KINDS = [
  // Before the server hears of it.
  'reset at once',
  'closed at once',
  'request reset',
  'request stalls',
  'request corrupted',
  'swallowed',
  // In place of the server's answer; the server never heard of it.
  'error 500',
  'error 503',
  'portal',
  // The server has done it, but its answer is not what arrives.
  'answer lost',
  'answer never comes',
  'error after',
  'asked twice',
  // In the middle of the answer.
  'head cut',
  'answer cut',
  'answer reset',
  'answer stalls',
  'answer corrupted',
  'answer corrupted and cut',
  'answer too short',
  'answered twice',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** Faults of a few kinds, at a rate between a bad line and a storm, all from the seed. */
export function weatherOf(seed: string): Weather {
  const chance = chanceOf(seed)
  const rate = chance.pick('rate', [0.2, 0.4, 0.6])
  // No network is bad for ever: after so many faults it is well again.
  const most = chance.integer('most', 1, 16)
  const count = chance.integer('kinds', 2, 6)
  const kinds = Array.from({ length: count }, (_, n) => chance.pick(`kind ${n}`, FAULT_KINDS))
  let faults = 0
  return ({ name, before }) => {
    const what = `${name} ${before}`
    if (faults >= most || !chance.happens(`${what} fails`, rate)) return null
    faults += 1
    const [first = 'answer lost', ...others] = kinds
    const kind = chance.pick(`${what} how`, [first, ...others])
    // An upload's id that was changed on the way looks like any other, and nobody knows the true one. TLS sees to it.
    if (/^POST .*\?uploads/.test(name) && kind.startsWith('answer corrupted')) return null
    return { kind, at: chance.number(`${what} where`) }
  }
}
