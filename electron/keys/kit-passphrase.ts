import { randomBytes } from 'node:crypto'
import { CofferError } from '../base/errors.ts'

const MIN_CHARACTERS = 12
const MIN_DIFFERENT = 6

/**
 * A thief of a kit guesses without limit, so a passphrase has to be long enough, and one that `age` can be given on a
 * terminal. Throws INVALID_INPUT, without a word of the passphrase.
 */
export function checkKitPassphrase(passphrase: string): void {
  const characters = Array.from(passphrase)
  if (/\p{Cc}/u.test(passphrase)) throw weak('A passphrase of a recovery kit is one line of text.')
  if (characters.length < MIN_CHARACTERS) {
    throw weak(`A passphrase of a recovery kit has at least ${MIN_CHARACTERS} characters.`)
  }
  if (new Set(characters).size < MIN_DIFFERENT)
    throw weak('A passphrase of so few different characters is soon guessed.')
}

/** Crockford's base32: no letter that is taken for a digit, so it can be copied from paper. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUPS = 6
const GROUP_LENGTH = 4

/** A passphrase of 120 random bits: six groups of four letters and digits. */
export function newKitPassphrase(): string {
  const random = randomBytes(GROUPS * GROUP_LENGTH)
  const letters = [...random].map((byte) => ALPHABET[byte % ALPHABET.length])
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(''),
  ).join('-')
}

function weak(message: string): CofferError {
  return new CofferError('INVALID_INPUT', message, {
    hint: 'Use several words that do not belong together, or let Coffer make one: --generate-passphrase.',
  })
}
