import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { readPassphraseFile } from '../base/passphrase-file.ts'
import { askSecret } from './ask.ts'
import { choose, tellPassphrase, type ChosenPassphrase } from './new-passphrase.ts'
import { isAnyoneThere, withCoffer, type Session } from './session.ts'
import { EXIT_HELP } from './words.ts'

const PASSPHRASE_HELP = `
Where this system has no keychain, keys are in a file (keys.age in Coffer's folder) that a passphrase opens. It has at least 12
characters. COFFER_PASSPHRASE_FILE names a file with the passphrase; write the new one into it afterwards. Copies of keys.age that
were made before still open with the old passphrase.
`

interface ChangeFlags {
  newPassphraseFile?: string | null
  generatePassphrase?: boolean
}

export function addPassphrase(key: Command): void {
  const command = key
    .command('passphrase')
    .description('change the passphrase of the file with all keys')
    .option('--new-passphrase-file <file>', "the new passphrase is this file's first line")
    .option('--generate-passphrase', 'let Coffer make the new passphrase, and show it once')
    .addHelpText('after', PASSPHRASE_HELP + EXIT_HELP)
    .action((flags: ChangeFlags) =>
      withCoffer(command, async (session) => {
        const { client, out, signal } = session
        const home = await client.keys.home({}, { signal })
        const current = home?.kind === 'sealed-file' ? await currentPassphrase(session) : ''
        const chosen = await nextPassphrase(session, flags, home?.kind)
        await client.keys.changePassphrase({ current, next: chosen.passphrase }, { signal })
        const shown = chosen.isNew ? { passphrase: chosen.passphrase } : {}
        out.result({ changed: home?.path, ...shown }, `The passphrase of ${home?.path} is changed.`)
        tellPassphrase(session, chosen, 'the file')
        const file = process.env['COFFER_PASSPHRASE_FILE']
        if (file) out.note(`COFFER_PASSPHRASE_FILE names ${file}: write the new passphrase into it.`)
      }),
    )
}

async function currentPassphrase(session: Session): Promise<string> {
  const file = process.env['COFFER_PASSPHRASE_FILE']
  if (file) return await readPassphraseFile(file)
  if (isAnyoneThere(session)) return await askSecret('Passphrase now: ', session.signal)
  throw new CofferError('PASSPHRASE_NEEDED', 'The keys are sealed by a passphrase, and none was given.')
}

/** Nothing is asked where there is nothing to change: the failure says so. */
async function nextPassphrase(
  session: Session,
  { newPassphraseFile = null, generatePassphrase = false }: ChangeFlags,
  kind: 'keychain' | 'sealed-file' | undefined,
): Promise<ChosenPassphrase> {
  if (kind !== 'sealed-file') return { passphrase: '', isNew: false }
  return await choose(session, {
    what: 'the key file',
    generate: generatePassphrase,
    file: newPassphraseFile,
    missing: () =>
      new CofferError('PASSPHRASE_NEEDED', 'A new passphrase is needed, and none was given.', {
        hint: 'Give it by a file (--new-passphrase-file FILE), or by --generate-passphrase.',
      }),
  })
}
