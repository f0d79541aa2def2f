import { randomBytes } from 'node:crypto'
import { CofferError } from '../base/errors.ts'

const MIN_CHARACTERS = 12
const MIN_DIFFERENT = 6

/**
 * The rule for a new passphrase of a recovery kit or of the sealed key file: a thief of the file guesses without limit, so it
 * has to be long enough, not be guessed within the hour (`123456789012`, `qwertyuiopas`, `passwordpassword`), and be one that
 * `age` can be given on a terminal. One that is in use is never held to it. Throws INVALID_INPUT, without a word of the
 * passphrase.
 */
export async function checkPassphrase(passphrase: string): Promise<void> {
  const characters = Array.from(passphrase)
  if (/\p{Cc}/u.test(passphrase)) throw weak('A passphrase is one line of text.')
  if (characters.length < MIN_CHARACTERS) {
    throw weak(`A passphrase has at least ${MIN_CHARACTERS} characters.`)
  }
  if (new Set(characters).size < MIN_DIFFERENT)
    throw weak('A passphrase of so few different characters is soon guessed.')
  // Its dictionaries are large, and seldom needed.
  const { strengthOf } = await import('../base/passphrase-strength.ts')
  const { score, words } = strengthOf(passphrase)
  if (score === 0) throw weak(words)
}

/** Crockford's base32: no letter that is taken for a digit, so it can be copied from paper. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUPS = 6
const GROUP_LENGTH = 4

/** A passphrase of 120 random bits: six groups of four letters and digits. */
export function newPassphrase(): string {
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
