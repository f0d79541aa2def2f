import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError } from '../base/errors.ts'
import { ask, readAll } from './ask.ts'
import { listing } from './output.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { count, EXIT_HELP, moment } from './words.ts'

const EXAMPLES = `
Your keys rest in this system's keychain. Losing a key loses every file that was encrypted with it: keep a copy
somewhere safe (coffer key export).

Examples
  coffer key new mine
  coffer key list
  coffer key export mine mine.key
  coffer key import mine.key --name mine
`

type KeyInfo = Awaited<ReturnType<CofferClient['keys']['list']>>[number]

const KINDS = { 'aes-256': 'AES-256', 'rsa-pair': 'RSA pair', 'rsa-public': 'RSA public half' } as const

export function addKey(program: Command): void {
  const key = program
    .command('key')
    .summary('keys of your own')
    .description('Keys of your own, for the modes SSE-C and CSE-C.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addNew(key)
  addList(key)
  addImport(key)
  addExport(key)
  addRename(key)
  addDelete(key)
}

function addNew(key: Command): void {
  const command = key
    .command('new')
    .description('make a key')
    .argument('[name]', 'what to call it')
    .option('--rsa', 'an RSA-3072 pair (cse-c only): a machine with its public half can write and not read')
    .option('--no-kit', 'it may be used without a recovery kit')
    .action((name: string | undefined, { rsa = false, kit }: { rsa?: boolean; kit: boolean }) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const made = await client.keys.create({ name, kind: rsa ? 'rsa-3072' : 'aes-256' }, { signal })
        if (!kit) await client.keys.declineKit({ key: made.id }, { signal })
        out.result(made, `Made the key ${made.name} (${made.id}).`)
        out.note(`Losing it loses the files: keep a copy (coffer key export ${made.name} FILE).`)
      }),
    )
}

function addList(key: Command): void {
  const command = key.command('list').description('the keys that are here')
  command.action(() =>
    withCoffer(command, async ({ client, out, signal }) => {
      const columns = {
        NAME: ({ name }: KeyInfo) => name,
        ID: ({ id }: KeyInfo) => id,
        KIND: ({ kind }: KeyInfo) => KINDS[kind],
        MADE: ({ createdAt }: KeyInfo) => moment(createdAt),
      }
      listing(out, await client.keys.list({}, { signal }), columns, 'No keys yet. Make one: coffer key new NAME')
    }),
  )
}

function addImport(key: Command): void {
  const command = key
    .command('import')
    .description('take in a key from a file or from standard input: 32 raw bytes, base64, hex, or RSA as PEM')
    .argument('<file>', 'the file, or - for standard input')
    .option('--name <name>', 'what to call it')
    .action((file: string, { name }: { name?: string }) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const from = file === '-' ? { text: await readAll(signal) } : { path: file }
        const taken = await client.keys.import({ name, from }, { signal })
        out.result(taken, `The key ${taken.name} (${taken.id}) is here.`)
      }),
    )
}

function addExport(key: Command): void {
  const command = key
    .command('export')
    .description('write a key to a new file that only you can read: base64, or PEM for RSA')
    .argument('<key>', 'its name or id')
    .argument('<file>', 'the new file')
    .action((name: string, path: string) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const written = await client.keys.export({ key: name, path }, { signal })
        out.result(written, `Written to ${written.path}. Whoever has this file can read your files: keep it safe.`)
      }),
    )
}

function addRename(key: Command): void {
  const command = key
    .command('rename')
    .description('call a key by another name')
    .argument('<key>', 'its name or id')
    .argument('<name>', 'the new name')
    .action((from: string, name: string) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const renamed = await client.keys.rename({ key: from, name }, { signal })
        out.result(renamed, `The key ${renamed.id} is now called ${renamed.name}.`)
      }),
    )
}

function addDelete(key: Command): void {
  const command = key
    .command('delete')
    .description('delete a key for good; every file that needs it is lost with it')
    .argument('<key>', 'its name or id')
    .option('--confirm <name>', "the key's name once more; asked for on a terminal")
    .action((name: string, { confirm }: { confirm?: string }) =>
      withCoffer(command, async (session) => {
        const { client, out, signal } = session
        const { objects } = await client.keys.usage({ key: name }, { signal })
        const typed = confirm ?? (await askForName(session, objects))
        await client.keys.remove({ key: name, confirm: typed }, { signal })
        out.result({ deleted: typed, objects }, `Deleted the key ${typed}.`)
      }),
    )
}

async function askForName({ out, signal }: Session, objects: number): Promise<string> {
  if (!out.interactive || !process.stdin.isTTY) {
    throw new CofferError('INVALID_INPUT', `${count(objects, 'known object')} would be lost with this key.`, {
      hint: "If you mean it, give the key's name once more: --confirm NAME.",
    })
  }
  return await ask(
    `${count(objects, 'known object')} would be lost with it. Type the key's name to delete it: `,
    signal,
  )
}
