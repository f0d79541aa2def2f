import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError } from '../base/errors.ts'
import type { KeyPurpose } from '../base/key-purpose.ts'
import { ask } from './ask.ts'
import { computerKitInWords } from './computer-kit.ts'
import { addExport } from './key-export.ts'
import { addImport } from './key-import.ts'
import { addKit, addRestore } from './kit.ts'
import { addPassphrase } from './key-passphrase.ts'
import { offerFirstKit } from './kit-question.ts'
import { listing } from './output.ts'
import { parsePurpose, purposeOption } from './options.ts'
import { isAnyoneThere, withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { count, EXIT_HELP, moment, purposeInWords, purposeName } from './words.ts'

const EXAMPLES = `
A key is either for CSE-C (it encrypts files on this computer and is never sent) or for SSE-C (it is sent to servers with
each request). Its first use decides, or --purpose when it is made or imported; it is never both.

Your keys rest in this system's keychain. Losing a key loses every file that was encrypted with it, so nothing is put
under a key before its recovery kit is saved (coffer key kit), unless you say that you can do without (--no-kit).

Examples
  coffer key new mine
  coffer key list
  coffer key kit mine /media/stick/mine.kit      later, anywhere: coffer key restore mine.kit
  coffer key import other.key --name other
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
  addKit(key)
  addRestore(key)
  addImport(key)
  addExport(key)
  addPurpose(key)
  addRename(key)
  addDelete(key)
  addPassphrase(key)
}

interface NewFlags {
  rsa?: boolean
  purpose?: KeyPurpose
  kit: boolean
}

function addNew(key: Command): void {
  const command = key
    .command('new')
    .description('make a key')
    .argument('[name]', 'what to call it')
    .option('--rsa', 'an RSA-3072 pair (cse-c only): a machine with its public half can write and not read')
    .addOption(purposeOption('cse or sse-c: what it is for; its first use decides unless told'))
    .option('--no-kit', 'it may be used without a recovery kit')
    .action((name: string | undefined, { rsa = false, purpose, kit }: NewFlags) =>
      withCoffer(command, async (session) => {
        const { client, out, signal } = session
        const made = await client.keys.create({ name, kind: rsa ? 'rsa-3072' : 'aes-256', purpose }, { signal })
        out.result(made, `Made the key ${made.name} (${made.id}).`)
        if (kit) await offerFirstKit(session, made)
        else await client.keys.declineKit({ key: made.id }, { signal })
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
        FOR: ({ purpose }: KeyInfo) => purposeName(purpose),
        MADE: ({ createdAt }: KeyInfo) => moment(createdAt),
        KIT: ({ kind, kitSavedAt }: KeyInfo) => (kitSavedAt ? moment(kitSavedAt) : kind === 'rsa-public' ? '' : 'NONE'),
      }
      listing(out, await client.keys.list({}, { signal }), columns, 'No keys yet. Make one: coffer key new NAME')
      const { kit } = await client.local.status({}, { signal })
      if (kit !== null) out.note(computerKitInWords(kit), { thisComputer: kit })
    }),
  )
}

function addPurpose(key: Command): void {
  const command = key
    .command('purpose')
    .description('say what a key is for, once and for good')
    .argument('<key>', 'its name or id')
    .argument('<purpose>', 'cse: encrypts files here, is never sent; sse-c: is sent to servers', parsePurpose)
    .action((name: string, purpose: KeyPurpose) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const info = await client.keys.setPurpose({ key: name, purpose }, { signal })
        out.result(info, purposeInWords(info.name, info.purpose))
        if (info.kitSavedAt !== null) out.note('Its recovery kit does not say so: save it again (coffer key kit).')
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

type Impact = Awaited<ReturnType<CofferClient['keys']['impact']>>

function addDelete(key: Command): void {
  const command = key
    .command('delete')
    .description('delete a key for good; every file that needs it is lost with it')
    .argument('<key>', 'its name or id')
    .option('--confirm <name>', "the key's name once more; asked for on a terminal")
    .action((name: string, { confirm }: { confirm?: string }) =>
      withCoffer(command, async (session) => {
        const { client, out, signal } = session
        const impact = await client.keys.impact({ key: name }, { signal })
        const typed = confirm ?? (await askForName(session, impact))
        await client.keys.remove({ key: impact.key.id, confirm: typed }, { signal })
        const { objects, buckets, unfinished } = impact
        const told = `Deleted the key ${typed}. ${impactInWords(impact)}`
        out.result({ deleted: typed, objects, buckets, unfinished }, told)
      }),
    )
}

async function askForName(session: Session, impact: Impact): Promise<string> {
  const told = impactInWords(impact)
  if (!isAnyoneThere(session)) {
    throw new CofferError('INVALID_INPUT', `To delete a key, its name must be given once more. ${told}`, {
      hint: 'If you mean it: --confirm NAME.',
    })
  }
  session.out.note(told)
  return await ask("Type the key's name to delete it: ", session.signal)
}

/** `2 known objects need it: 2 in s3://private (This computer). It has no recovery kit.` */
function impactInWords({ key, objects, buckets, unfinished }: Impact): string {
  const where = buckets.map((each) => `${each.objects} in s3://${each.bucket} (${each.placeName})`).join(', ')
  const needed =
    objects === 0
      ? 'No known object needs it.'
      : `${count(objects, 'known object')} ${objects === 1 ? 'needs' : 'need'} it: ${where}.`
  const kit =
    key.kitSavedAt === null ? 'It has no recovery kit.' : `Its recovery kit was saved on ${moment(key.kitSavedAt)}.`
  const parts = [needed, ...unfinishedInWords(unfinished), ...(key.kind === 'rsa-public' ? [] : [kit])]
  return parts.join(' ')
}

const UNFINISHED = { put: 'put', get: 'get', rekey: 're-key', upload: 'upload' } as const

/** `Not finished, and needing it: a put to s3://private (under way).` */
function unfinishedInWords(unfinished: Impact['unfinished']): string[] {
  if (unfinished.length === 0) return []
  const each = unfinished.map(({ kind, bucket, running }) => {
    const where = bucket === undefined ? '' : ` in s3://${bucket}`
    return `a ${UNFINISHED[kind]}${where}${running ? ' (under way)' : ''}`
  })
  return [`Not finished, and in need of it: ${each.join(', ')}.`]
}
