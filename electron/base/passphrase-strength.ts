import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english } from '@zxcvbn-ts/language-en'

/**
 * How strong a passphrase is against somebody who has the file and guesses without limit. Each guess at a file of Coffer costs
 * about a second of one processor (scrypt, N = 2^17 or 2^18).
 */
export interface Strength {
  /** 0 (guessed at once) to 4 (out of reach). */
  score: 0 | 1 | 2 | 3 | 4
  /** In one sentence, for the person who chooses it. */
  words: string
}

/** No passphrase needs a longer look; the time it takes grows with the length. */
const LOOKED_AT = 100

/** Guesses a second of somebody with a thousand processors. */
const GUESSES_PER_SECOND = 1000

let estimator: ZxcvbnFactory | undefined

/**
 * An estimate by zxcvbn, which knows common passwords, words, names, dates and keyboard patterns. Loads its dictionaries at the
 * first call: import this file when it is needed and not before.
 */
export function strengthOf(passphrase: string): Strength {
  estimator ??= new ZxcvbnFactory({ dictionary: { ...common, ...english }, graphs: adjacencyGraphs })
  const { guesses } = estimator.check(passphrase.slice(0, LOOKED_AT))
  const seconds = guesses / GUESSES_PER_SECOND
  const [score, name] = LEVELS.find(([, , most]) => seconds < most) ?? STRONGEST
  return { score, words: `${name}. A thousand processors guess it in ${durationWords(seconds)}.` }
}

const HOUR = 3600
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** From which time on a passphrase has the next score. */
const LEVELS = [
  [0, 'Very weak', HOUR],
  [1, 'Weak', 30 * DAY],
  [2, 'Fair', 10 * YEAR],
  [3, 'Strong', 10_000 * YEAR],
] as const
const STRONGEST = [4, 'Very strong'] as const

function durationWords(seconds: number): string {
  if (seconds < 1) return 'less than a second'
  if (seconds < HOUR) return 'less than an hour'
  if (seconds < DAY) return 'less than a day'
  if (seconds < YEAR) return plural(seconds / DAY, 'day')
  return seconds < 10_000 * YEAR ? plural(seconds / YEAR, 'year') : 'more than ten thousand years'
}

function plural(count: number, noun: string): string {
  const whole = Math.max(1, Math.round(count))
  return `${whole === 1 ? 'a' : whole.toLocaleString('en')} ${noun}${whole === 1 ? '' : 's'}`
}
