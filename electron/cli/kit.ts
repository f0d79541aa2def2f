import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { toBase64, zero } from '../base/bytes.ts'
import { readAllBytes } from './ask.ts'
import { askPassphrase, choosePassphrase, tellPassphrase } from './kit-passphrase.ts'
import type { PassphraseFlags } from './kit-passphrase.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { count, EXIT_HELP } from './words.ts'

const KIT_HELP = `
The kit is an age file (age-encryption.org): without Coffer, "age -d FILE" opens it, and what is in it says how the keys
are used. Keep it where this computer's end is not its end, and its passphrase somewhere else.

Examples
  coffer key kit mine /media/stick/mine.kit
  coffer key kit --all all.kit --sheet all.html --hint "the song and its year"
  coffer key kit mine mine.kit --generate-passphrase
  coffer key restore /media/stick/mine.kit
`

interface KitFlags extends PassphraseFlags {
  all?: boolean
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
    .option('--sheet <file>', 'also write a page to print: what the kit holds, and how to use it')
    .option('--hint <text>', 'what reminds you of the passphrase, for the sheet')
    .option('--passphrase-file <file>', "the passphrase is this file's first line (or COFFER_KIT_PASSPHRASE_FILE)")
    .option('--generate-passphrase', 'let Coffer make the passphrase, and show it once')
    .option('--overwrite', 'replace files that are there already')
    .addHelpText('after', KIT_HELP + EXIT_HELP)
    .action(async (words: string[], flags: KitFlags) => {
      const names = words.slice(0, -1)
      if ((flags.all === true) !== (names.length === 0)) {
        command.error('error: name the keys, or all of them with --all, then the new file')
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
  { hint, sheet, overwrite, ...flags }: KitFlags = {},
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
  }
  const saved = await client.keys.kit(request, { signal })
  const lines = [`Saved the recovery kit of ${count(saved.keys.length, 'key')} to ${saved.path}.`]
  if (saved.sheet !== undefined) lines.push(`The sheet to print is ${saved.sheet}.`)
  out.result(chosen.isNew ? { ...saved, passphrase: chosen.passphrase } : saved, lines)
  tellPassphrase(session, chosen)
}

export function addRestore(key: Command): void {
  const command = key
    .command('restore')
    .description('take in all keys of a recovery kit, or none')
    .argument('<file>', 'the kit, or - for standard input')
    .option('--passphrase-file <file>', "the passphrase is this file's first line (or COFFER_KIT_PASSPHRASE_FILE)")
    .action((file: string, flags: PassphraseFlags) =>
      withCoffer(command, async (session) => restoreKit(session, await keyFile(file, session.signal), flags)),
    )
}

/** A key or a kit as the contract takes it: from a file, or the bytes of standard input. */
export async function keyFile(file: string, signal: AbortSignal): Promise<{ path: string } | { base64: string }> {
  if (file !== '-') return { path: file }
  const bytes = await readAllBytes(signal)
  const base64 = toBase64(bytes)
  zero(bytes)
  return { base64 }
}

export async function restoreKit(
  session: Session,
  from: { path: string } | { base64: string },
  flags: PassphraseFlags = {},
): Promise<void> {
  const { client, out, signal } = session
  const passphrase = await askPassphrase(session, flags)
  out.status('Opening the kit …')
  for (const key of await client.keys.restore({ from, passphrase }, { signal })) out.result(key, takenInWords(key))
}

type TakenKey = Awaited<ReturnType<CofferClient['keys']['import']>>

/** What became of a key that was taken in. */
export function takenInWords({ name, id, taken }: TakenKey): string {
  switch (taken) {
    case 'new':
      return `The key ${name} (${id}) is here.`
    case 'known':
      return `It is the key ${name} (${id}), which was here already.`
    case 'completed':
      return `The key ${name} (${id}), of which only the public half was here, is whole now.`
  }
}
