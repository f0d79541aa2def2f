import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { remindOfComputerKit } from './computer-kit.ts'
import { addKmsAlias } from './kms-alias.ts'
import { addKmsDeletion } from './kms-deletion.ts'
import { addKmsPolicy } from './kms-policy.ts'
import { addKmsRotation, rotationWords } from './kms-rotation.ts'
import { collectPair } from './options.ts'
import { listing, pairs } from './output.ts'
import { withCoffer } from './session.ts'
import { count, EXIT_HELP, moment } from './words.ts'

const EXAMPLES = `
A KEY is a key id, an ARN, or an alias (photos, or alias/photos).

Examples
  coffer kms create --alias photos --description "Family photos" --tag owner=ann
  coffer kms list
  coffer kms rotate photos                       new material; old files stay readable
  coffer kms rotate photos --every 365           and again each year by itself
  coffer kms history photos                      when it was rotated
  coffer kms disable photos                      nothing under it can be read ...
  coffer kms enable photos                       ... until it is enabled again
  coffer kms policy photos > policy.json         read its key policy
  coffer kms policy photos --set policy.json     and replace it
  coffer kms policy photos --allow bob           let bob use the key
  coffer kms schedule-deletion photos --days 7   gone in a week, with all that is under it ...
  coffer kms cancel-deletion photos              ... unless you change your mind
`

type Kms = CofferClient['kms']
type Listed = Awaited<ReturnType<Kms['list']>>[number]

export function addKms(program: Command): void {
  const kms = program
    .command('kms')
    .summary('KMS keys')
    .description('KMS keys, for the modes SSE-KMS and CSE-KMS.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addList(kms)
  addCreate(kms)
  addDescribe(kms)
  addSimple(kms, 'enable', 'let a key be used again')
  addSimple(kms, 'disable', 'let nobody use a key until it is enabled again')
  addKmsRotation(kms)
  addKmsPolicy(kms)
  addKmsAlias(kms)
  addTag(kms)
  addKmsDeletion(kms)
}

function addList(kms: Command): void {
  const command = kms.command('list').description("the keys of the place, AWS's own among them")
  command.action(() =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const columns = {
        'KEY ID': ({ keyId }: Listed) => keyId,
        STATE: ({ state }: Listed) => state,
        OWNER: ({ manager }: Listed) => (manager === 'AWS' ? 'AWS' : 'you'),
        ROTATION: ({ manager, rotation }: Listed) => (manager === 'AWS' ? 'by AWS' : rotationWords(rotation)),
        ALIASES: ({ aliases }: Listed) => aliases.join(' '),
        DESCRIPTION: ({ description }: Listed) => description,
      }
      const keys = await client.kms.list({ place }, { signal })
      listing(out, keys, columns, 'No KMS keys yet. Make one: coffer kms create --alias NAME')
    }),
  )
}

interface CreateFlags {
  alias?: string
  description?: string
  tag?: Record<string, string>
}

function addCreate(kms: Command): void {
  const command = kms
    .command('create')
    .description('make a key')
    .option('--alias <name>', 'what to call it, with or without alias/')
    .option('--description <text>', 'what it is for')
    .option('--tag <name=value>', 'a tag; may be given several times', collectPair)
    .action(({ alias, description, tag }: CreateFlags) =>
      withCoffer(command, async (session) => {
        const { client, place, out, signal } = session
        const key = await client.kms.create({ place, alias, description, tags: tag }, { signal })
        out.result(key, `Made the KMS key ${[key.keyId, ...key.aliases].join(', ')}.`)
        out.note(`Use it: --mode sse-kms --key ${key.aliases[0] ?? key.keyId}`)
        await remindOfComputerKit(session)
      }),
    )
}

function addDescribe(kms: Command): void {
  const command = kms.command('describe').description('all about one key').argument('<key>')
  command.action((key: string) =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const found = await client.kms.describe({ place, key }, { signal })
      const { rotation, history = [], tags = {} } = found
      out.result(found, [
        found.keyId,
        ...pairs({
          ARN: found.arn,
          Aliases: found.aliases.join(' ') || undefined,
          Description: found.description || undefined,
          State: found.state,
          'Deleted on': day(found.deletionAt),
          Owner: found.manager === 'AWS' ? 'AWS, which made and manages it' : 'you',
          Kind: [found.spec, found.usage, found.origin, found.multiRegion ? 'multi-Region' : '']
            .filter((word) => word)
            .join(', '),
          Made: day(found.createdAt),
          Rotation: found.manager === 'AWS' ? 'by AWS' : rotationWords(rotation) || undefined,
          'Next on': day(rotation?.nextAt),
          Rotated: history.map(({ at }) => day(at) ?? 'once').join(', ') || undefined,
          Tags: tagWords(tags) || undefined,
          Needed: `by ${count(found.objects, 'object')} that Coffer knows of`,
        }),
      ])
    }),
  )
}

function addSimple(kms: Command, name: 'enable' | 'disable', description: string): void {
  const command = kms.command(name).description(description).argument('<key>')
  command.action((key: string) =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const changed = await client.kms[name]({ place, key }, { signal })
      out.result(changed, `${changed.keyId}: ${changed.state}`)
      if (name === 'disable') {
        out.note(`What is encrypted under it cannot be read until you enable it: coffer kms enable ${key}`)
      }
    }),
  )
}

function addTag(kms: Command): void {
  const command = kms
    .command('tag')
    .description('tag a key, or with --remove take tags off')
    .argument('<key>')
    .argument('<tags...>', 'NAME=VALUE; NAME with --remove')
    .option('--remove', 'take them off')
    .action((key: string, words: string[], { remove = false }: { remove?: boolean }) =>
      withCoffer(command, async ({ client, place, out, signal }) => {
        const tags = remove
          ? await client.kms.untag({ place, key, names: words }, { signal })
          : await client.kms.tag({ place, key, tags: tagsOf(words) }, { signal })
        out.result({ key, tags }, `${key}: ${tagWords(tags) || 'no tags'}`)
      }),
    )
}

function tagsOf(words: string[]): Record<string, string> {
  return words.reduce<Record<string, string>>((all, pair) => collectPair(pair, all), {})
}

function tagWords(tags: Record<string, string>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function day(date: Date | undefined): string | undefined {
  return date === undefined ? undefined : moment(date)
}
