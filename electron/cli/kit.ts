import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { toBase64, zero } from '../base/bytes.ts'
import { isCofferError, type CofferError } from '../base/errors.ts'
import { ask, readAllBytes } from './ask.ts'
import { askPassphrase, choosePassphrase, passphraseInFile } from './kit-passphrase.ts'
import type { PassphraseFlags } from './kit-passphrase.ts'
import { tellPassphrase } from './new-passphrase.ts'
import { isAnyoneThere, withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { count, EXIT_HELP } from './words.ts'

const KIT_HELP = `
The kit is an age file (age-encryption.org): without Coffer, "age -d FILE" opens it, and what is in it says how the keys
are used. Keep it where this computer's end is not its end, and its passphrase somewhere else.

The root key and the KMS keys of This computer, if it holds data, go into every kit. Make a new kit after you make KMS keys. A
kit for somebody else is made with --keys-only.

Examples
  coffer key kit --computer computer.kit
  coffer key kit mine /media/stick/mine.kit
  coffer key kit --all all.kit --sheet all.html --hint "the song and its year"
  coffer key kit mine mine.kit --generate-passphrase
  coffer key restore /media/stick/mine.kit
`

const RESTORE_HELP = `
A kit is any age file that a passphrase opens, of Coffer or sealed again with another age tool, binary or armored, with a work
factor (scrypt) of at most 22.
`

export interface RestoreFlags extends PassphraseFlags {
  plain?: boolean
  newKeychain?: boolean
}

/** What `--new-keychain` does. */
export const NEW_KEYCHAIN =
  "keep keys in this system's keychain from now on, where the one they were in is gone for good"

/** What to know of a passphrase that opened a kit in another form than it was given. */
const FORM_NOTES: Record<Restored['passphraseForm'], string> = {
  'as-given': '',
  trimmed: 'The passphrase opened the kit without the spaces around it. Save it without them.',
  nfc: 'The passphrase opened the kit in another Unicode form (NFC). Other tools need it in that form.',
  nfd: 'The passphrase opened the kit in another Unicode form (NFD). Other tools need it in that form.',
  nfkc: 'The passphrase opened the kit in another Unicode form (NFKC). Other tools need it in that form.',
  'without-bom': 'The passphrase opened the kit without a byte order mark (BOM). Save its file as UTF-8 without one.',
  'with-bom':
    'The passphrase opened the kit with a byte order mark (BOM) before it. Make a new kit: other tools need the mark.',
  'without-nul': 'The passphrase opened the kit in UTF-8; it was given in UTF-16. Save its file as UTF-8.',
}

interface KitFlags extends PassphraseFlags {
  all?: boolean
  computer?: boolean
  keysOnly?: boolean
  hint?: string
  sheet?: string
  overwrite?: boolean
}

export function addKit(key: Command): void {
  const command = key
    .command('kit')
    .description('save a recovery kit: keys in a file that a passphrase opens, on any computer')
    .usage('[options] KEY... FILE')
    .argument('<words...>', 'names or ids of keys, then the new file')
    .option('--all', 'every key that is here; then only the file is named')
    .option('--computer', 'the root key and KMS keys of This computer alone; then only the file is named')
    .option('--keys-only', 'leave This computer out')
    .option('--sheet <file>', 'also write a page to print: what the kit holds, and how to use it')
    .option('--hint <text>', 'what reminds you of the passphrase, for the sheet')
    .option('--passphrase-file <file>', "the passphrase is this file's first line (or COFFER_KIT_PASSPHRASE_FILE)")
    .option('--generate-passphrase', 'let Coffer make the passphrase, and show it once')
    .option('--overwrite', 'replace files that are there already')
    .addHelpText('after', KIT_HELP + EXIT_HELP)
    .action(async (words: string[], flags: KitFlags) => {
      const names = words.slice(0, -1)
      const choices = [names.length > 0, flags.all === true, flags.computer === true].filter(Boolean).length
      if (choices !== 1) {
        command.error(
          'error: name the keys, or all of them with --all, or This computer with --computer, then the new file',
        )
      }
      if (flags.computer === true && flags.keysOnly === true) {
        command.error('error: --computer and --keys-only leave nothing to keep')
      }
      await withCoffer(command, (session) =>
        saveKit(session, { keys: flags.all === true ? 'all' : names, path: words.at(-1) ?? '' }, flags),
      )
    })
}

/** Saves a kit and says where; a passphrase that was made for it is shown. */
export async function saveKit(
  session: Session,
  kit: { keys: string[] | 'all'; path: string },
  { hint, sheet, overwrite, keysOnly, ...flags }: KitFlags = {},
): Promise<void> {
  const { client, out, signal } = session
  const chosen = await choosePassphrase(session, flags)
  out.status('Sealing the kit …')
  const request = {
    ...kit,
    passphrase: chosen.passphrase,
    overwrite: overwrite === true ? ('replace' as const) : ('refuse' as const),
    hint,
    sheet,
    thisComputer: keysOnly === true ? ('leave-out' as const) : ('include' as const),
  }
  const saved = await client.keys.kit(request, { signal })
  const lines = [`Saved the recovery kit of ${contentsInWords(saved)} to ${saved.path}.`]
  if (saved.sheet !== undefined) lines.push(`The sheet to print is ${saved.sheet}.`)
  out.result(chosen.isNew ? { ...saved, passphrase: chosen.passphrase } : saved, lines)
  tellPassphrase(session, chosen, 'the kit')
}

/** `2 keys and This computer`. */
function contentsInWords({ keys, thisComputer }: Awaited<ReturnType<CofferClient['keys']['kit']>>): string {
  const computer = thisComputer === null ? [] : ['This computer']
  return [...(keys.length === 0 ? [] : [count(keys.length, 'key')]), ...computer].join(' and ')
}

export function addRestore(key: Command): void {
  const command = key
    .command('restore')
    .description('take in all keys of a recovery kit, or none')
    .argument('<file>', 'the kit, or - for standard input')
    .option('--passphrase-file <file>', "the passphrase is this file's first line (or COFFER_KIT_PASSPHRASE_FILE)")
    .option('--plain', 'take a kit that age has decrypted, too')
    .option('--new-keychain', NEW_KEYCHAIN)
    .addHelpText('after', RESTORE_HELP + EXIT_HELP)
    .action((file: string, flags: RestoreFlags) =>
      withCoffer(command, async (session) => restoreKit(session, await keyFile(file, session.signal), flags)),
    )
}

type KeyFile = { path: string } | { base64: string }

/** A key or a kit as the contract takes it: from a file, or the bytes of standard input. */
export async function keyFile(file: string, signal: AbortSignal): Promise<KeyFile> {
  if (file !== '-') return { path: file }
  const bytes = await readAllBytes(signal)
  const base64 = toBase64(bytes)
  zero(bytes)
  return { base64 }
}

export async function restoreKit(session: Session, from: KeyFile, flags: RestoreFlags = {}): Promise<void> {
  const { out } = session
  const { thisComputer } = await openKit(session, from, flags)
  if (thisComputer === null) return
  const { id, taken, dataDir } = thisComputer
  out.note(
    `The root key of a This computer (${id}) ${taken === 'new' ? 'is here' : 'was here already'}. Its data was in ${dataDir}. ` +
      'To open that folder or a copy of it: coffer up --data FOLDER --kit KIT',
    { thisComputer },
  )
}

/**
 * Takes in what is in a kit, and says which keys came. `dataDir`: the data folder of This computer that is opened next, which
 * the kit has to fit.
 */
export async function openKit(
  session: Pick<Session, 'client' | 'out' | 'signal'>,
  from: KeyFile,
  flags: RestoreFlags,
  dataDir?: string,
): Promise<Restored> {
  const { out } = session
  const restored = await askAndRestore(session, from, flags, dataDir)
  const { keys, passphraseForm, isPlain } = restored
  for (const key of keys) out.result(key, takenInWords(key))
  if (passphraseForm !== 'as-given') out.note(FORM_NOTES[passphraseForm], { note: FORM_NOTES[passphraseForm] })
  if (isPlain) out.note('The kit was not sealed. Delete its file: it holds the keys in the clear.')
  return restored
}

type Restored = Awaited<ReturnType<CofferClient['keys']['restore']>>

/** Asks for what the kit turns out to need: its passphrase, or the consent to one that is not sealed. */
async function askAndRestore(
  session: Pick<Session, 'client' | 'out' | 'signal'>,
  from: KeyFile,
  flags: RestoreFlags,
  dataDir: string | undefined,
): Promise<Restored> {
  const { client, out, signal } = session
  const open = (given: { passphrase?: string; acceptPlain?: boolean }): Promise<Restored> => {
    out.status('Opening the kit …')
    return client.keys.restore({ from, dataDir, newKeychain: flags.newKeychain, ...given }, { signal })
  }
  const passphrase = await passphraseInFile(flags)
  const acceptPlain = flags.plain === true
  try {
    return await open({ acceptPlain, ...(passphrase === null ? {} : { passphrase }) })
  } catch (error) {
    if (isCofferError(error, 'PASSPHRASE_NEEDED')) return await open({ passphrase: await askPassphrase(session) })
    if (!isPlainKit(error) || !isAnyoneThere(session)) throw error
    out.note(error.message)
    if ((await ask('Take its keys in? Type yes: ', signal)).trim().toLowerCase() !== 'yes') throw error
    return await open({ acceptPlain: true })
  }
}

function isPlainKit(error: unknown): error is CofferError {
  return isCofferError(error, 'INVALID_INPUT') && error.facts['plainKit'] === 'yes'
}

type TakenKey = Restored['keys'][number]

/** What became of a key that was taken in. */
export function takenInWords({ name, id, taken, purpose }: TakenKey): string[] {
  const lines = [arrival(name, id, taken)]
  if (purpose === 'unknown') {
    lines.push(
      `Nothing says what it is for, so no server gets it. If it is for SSE-C: coffer key purpose ${id.slice(0, 8)} sse-c`,
    )
  }
  return lines
}

function arrival(name: string, id: string, taken: TakenKey['taken']): string {
  switch (taken) {
    case 'new':
      return `The key ${name} (${id}) is here.`
    case 'known':
      return `It is the key ${name} (${id}), which was here already.`
    case 'completed':
      return `The key ${name} (${id}), of which only the public half was here, is whole now.`
  }
}
