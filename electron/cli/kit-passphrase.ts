import { CofferError } from '../base/errors.ts'
import { readPassphraseFile } from '../base/passphrase-file.ts'
import { askSecret } from './ask.ts'
import type { Session } from './session.ts'

/** How the passphrase of a recovery kit is given, when it is not typed. */
export interface PassphraseFlags {
  passphraseFile?: string
  generatePassphrase?: boolean
}

/** A passphrase for a new kit: made by Coffer, or the person's own. */
export interface ChosenPassphrase {
  passphrase: string
  /** To be shown, once. */
  isNew: boolean
}

const FILE_VARIABLE = 'COFFER_KIT_PASSPHRASE_FILE'

/**
 * The passphrase for a new kit: made here, the first line of a file, or typed twice; nothing typed lets Coffer make it. Throws
 * PASSPHRASE_NEEDED if there is nobody to ask.
 */
export async function choosePassphrase(session: Session, flags: PassphraseFlags): Promise<ChosenPassphrase> {
  const { client, signal } = session
  const make = async (): Promise<ChosenPassphrase> => ({
    ...(await client.keys.newPassphrase({}, { signal })),
    isNew: true,
  })
  if (flags.generatePassphrase === true) return await make()
  const given = await passphraseInFile(flags)
  if (given !== null) return { passphrase: given, isNew: false }
  if (!isAnyoneThere(session)) throw nobodyToAsk('--generate-passphrase')
  const typed = await askSecret('A passphrase for the kit (nothing: Coffer makes one): ', signal)
  if (typed === '') return await make()
  if (typed === (await askSecret('The same once more: ', signal))) return { passphrase: typed, isNew: false }
  throw new CofferError('INVALID_INPUT', 'The two passphrases differ.', { hint: 'Try again.' })
}

/** The passphrase of a kit that there is, typed. Throws PASSPHRASE_NEEDED if there is nobody to ask. */
export async function askPassphrase(session: Pick<Session, 'out' | 'signal'>): Promise<string> {
  if (!isAnyoneThere(session)) throw nobodyToAsk(FILE_VARIABLE)
  return await askSecret('Passphrase of the kit: ', session.signal)
}

/** True if a person sits at the terminal and may be asked. */
export function isAnyoneThere({ out }: Pick<Session, 'out'>): boolean {
  return out.interactive && process.stdin.isTTY
}

/** Told on the terminal alone where there is one, so that it does not end in a pipe. */
export function tellPassphrase({ out }: Session, { passphrase, isNew }: ChosenPassphrase): void {
  if (!isNew || out.json) return
  out.note('The passphrase, shown this once. Write it down, and keep it apart from the kit:')
  out.note(`  ${passphrase}`)
}

/** Null if no file is named. Throws PASSPHRASE_NEEDED if it cannot be read. */
export async function passphraseInFile({ passphraseFile }: PassphraseFlags): Promise<string | null> {
  const path = passphraseFile ?? process.env[FILE_VARIABLE]
  return path === undefined || path === '' ? null : await readPassphraseFile(path)
}

function nobodyToAsk(otherwise: string): CofferError {
  return new CofferError('PASSPHRASE_NEEDED', 'A recovery kit needs its passphrase, and none was given.', {
    hint: `Give it by a file (--passphrase-file FILE), or by ${otherwise}.`,
  })
}
