import { Option, type Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { isCofferError } from '../base/errors.ts'
import type { KeyPurpose } from '../base/key-purpose.ts'
import { SYMMETRIC_FORMS, type KeyForm, type SymmetricForm } from '../base/key-forms.ts'
import { ask, askSecret } from './ask.ts'
import { keyFile, restoreKit, takenInWords, type RestoreFlags } from './kit.ts'
import { purposeOption } from './options.ts'
import { isAnyoneThere, withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { EXIT_HELP } from './words.ts'

const IMPORT_HELP = `
Forms of a key
  AES-256   32 raw bytes; base64 or url-base64, with or without padding; hex, also with 0x, spaces or colons; JWK (oct); in a
            file, 32 characters that are the key themselves, as rclone and MinIO take it
  RSA       PEM (PKCS #8, PKCS #1, SPKI, a certificate), DER or JWK, of 2048 to 8192 bits
  a kit     an age file that a passphrase opens

A text with two readings is not guessed: Coffer says what it read. --as insists on one.
`

interface ImportFlags extends RestoreFlags {
  name?: string
  public?: boolean
  purpose?: KeyPurpose
  as?: SymmetricForm
}

export function addImport(key: Command): void {
  const command = key
    .command('import')
    .description('take in a key from elsewhere, or a recovery kit')
    .argument('<file>', 'the file, or - for standard input')
    .option('--name <name>', 'what to call it')
    .option('--public', 'keep the public half of an RSA key alone: this computer shall write and not read')
    .addOption(new Option('--as <form>', 'read an AES key in this form and no other').choices(SYMMETRIC_FORMS))
    .addOption(purposeOption('cse or sse-c: what it is for; without it, it is not sent to a server before you say so'))
    .option('--passphrase-file <file>', "a kit's passphrase is this file's first line")
    .option('--plain', 'take a kit that age has decrypted, too')
    .addHelpText('after', IMPORT_HELP + EXIT_HELP)
    .action((file: string, flags: ImportFlags) =>
      withCoffer(command, async (session) => {
        const from = await keyFrom(session, file)
        try {
          await importKey(session, from, flags)
        } catch (error) {
          const isKit = isCofferError(error, 'PASSPHRASE_NEEDED') && error.facts['kit'] === 'yes'
          if (!isKit || 'text' in from) throw error
          await restoreKit(session, from, flags)
        }
      }),
    )
}

type Source = Parameters<CofferClient['keys']['import']>[0]['from']

/** A key that is typed or pasted on a terminal is not shown. */
async function keyFrom(session: Session, file: string): Promise<Source> {
  if (file !== '-' || !isAnyoneThere(session)) return await keyFile(file, session.signal)
  return { text: await askSecret('The key, as base64 or hex: ', session.signal) }
}

/** Where the text has two readings, somebody at the terminal is asked whether the weaker one is meant. */
async function importKey(session: Session, from: Source, flags: ImportFlags): Promise<void> {
  const { client, out, signal } = session
  const take = async (as: SymmetricForm | undefined): Promise<void> => {
    const { name, purpose, public: publicOnly } = flags
    const taken = await client.keys.import({ name, publicOnly, purpose, from, as }, { signal })
    out.result(taken, [...takenInWords(taken), ...readInWords(taken.readAs)])
  }
  try {
    await take(flags.as)
  } catch (error) {
    const as = isCofferError(error, 'INVALID_INPUT')
      ? SYMMETRIC_FORMS.find((form) => form === error.facts['as'])
      : undefined
    if (as === undefined || flags.as !== undefined || !isAnyoneThere(session)) throw error
    out.note((error as Error).message)
    if ((await ask(`Take it as ${as}? Type yes: `, signal)).trim().toLowerCase() !== 'yes') throw error
    await take(as)
  }
}

/** Names the form where a person may have meant another one. */
function readInWords(form: KeyForm): string[] {
  return form === 'text' ? ['It was read as 32 characters of text, each of them a byte of the key.'] : []
}
