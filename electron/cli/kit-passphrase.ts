import { CofferError } from '../base/errors.ts'
import { readPassphraseFile } from '../base/passphrase-file.ts'
import { askSecret } from './ask.ts'
import { choose, type ChosenPassphrase } from './new-passphrase.ts'
import { isAnyoneThere, type Session } from './session.ts'

/** How the passphrase of a recovery kit is given, when it is not typed. */
export interface PassphraseFlags {
  passphraseFile?: string
  generatePassphrase?: boolean
}

const FILE_VARIABLE = 'COFFER_KIT_PASSPHRASE_FILE'

/** The passphrase for a new kit. Throws PASSPHRASE_NEEDED if there is nobody to ask. */
export function choosePassphrase(session: Session, flags: PassphraseFlags): Promise<ChosenPassphrase> {
  return choose(session, {
    what: 'the kit',
    generate: flags.generatePassphrase === true,
    file: fileOf(flags),
    missing: () => nobodyToAsk('--generate-passphrase'),
  })
}

/** The passphrase of a kit that there is, typed. Throws PASSPHRASE_NEEDED if there is nobody to ask. */
export async function askPassphrase(session: Pick<Session, 'out' | 'signal'>): Promise<string> {
  if (!isAnyoneThere(session)) throw nobodyToAsk(FILE_VARIABLE)
  return await askSecret('Passphrase of the kit: ', session.signal)
}

/** Null if no file is named. Throws PASSPHRASE_NEEDED if it cannot be read. */
export async function passphraseInFile(flags: PassphraseFlags): Promise<string | null> {
  const file = fileOf(flags)
  return file === null ? null : await readPassphraseFile(file)
}

function fileOf({ passphraseFile }: PassphraseFlags): string | null {
  const path = passphraseFile ?? process.env[FILE_VARIABLE]
  return path === undefined || path === '' ? null : path
}

function nobodyToAsk(otherwise: string): CofferError {
  return new CofferError('PASSPHRASE_NEEDED', 'A recovery kit needs its passphrase, and none was given.', {
    hint: `Give it by a file (--passphrase-file FILE), or by ${otherwise}.`,
  })
}
