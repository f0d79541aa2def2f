import { CofferError } from '../base/errors.ts'
import { readPassphraseFile } from '../base/passphrase-file.ts'
import { askSecret } from './ask.ts'
import { isAnyoneThere, type Session } from './session.ts'

/** A new passphrase: made by Coffer, or the person's own. */
export interface ChosenPassphrase {
  passphrase: string
  /** To be shown, once. */
  isNew: boolean
}

/** How a new passphrase is given, and for what. */
export interface NewPassphrase {
  /** `the kit`. */
  what: string
  generate: boolean
  /** Its first line is the passphrase. */
  file: string | null
  /** Thrown if there is nobody to ask. */
  missing: () => CofferError
}

/** Below this, the person is told how soon it is guessed (see Strength). */
const STRONG_ENOUGH = 2

/**
 * A new passphrase: made here, the first line of a file, or typed twice; nothing typed lets Coffer make it. One that is soon
 * guessed is told of. Throws PASSPHRASE_NEEDED if there is nobody to ask.
 */
export async function choose(
  session: Session,
  { what, generate, file, missing }: NewPassphrase,
): Promise<ChosenPassphrase> {
  if (generate) return await make(session)
  if (file !== null) return await own(session, await readPassphraseFile(file))
  if (!isAnyoneThere(session)) throw missing()
  const typed = await askSecret(`A passphrase for ${what} (nothing: Coffer makes one): `, session.signal)
  if (typed === '') return await make(session)
  const chosen = await own(session, typed)
  if (typed === (await askSecret('The same once more: ', session.signal))) return chosen
  throw new CofferError('INVALID_INPUT', 'The two passphrases differ.', { hint: 'Try again.' })
}

/** Told on the terminal alone where there is one, so that it does not end in a pipe. */
export function tellPassphrase({ out }: Session, { passphrase, isNew }: ChosenPassphrase, what: string): void {
  if (!isNew || out.json) return
  out.note(`The passphrase, shown this once. Write it down, and keep it apart from ${what}:`)
  out.note(`  ${passphrase}`)
}

async function make({ client, signal }: Session): Promise<ChosenPassphrase> {
  return { ...(await client.keys.newPassphrase({}, { signal })), isNew: true }
}

async function own({ out }: Session, passphrase: string): Promise<ChosenPassphrase> {
  const { strengthOf } = await import('../api/words/passphrase-strength.ts')
  const { score, words } = strengthOf(passphrase)
  if (score < STRONG_ENOUGH) out.note(words)
  return { passphrase, isNew: false }
}
