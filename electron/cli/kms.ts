import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { collectPair, wholeNumber } from './options.ts'
import { listing, pairs } from './output.ts'
import { addKmsPolicy } from './kms-policy.ts'
import { withCoffer } from './session.ts'
import { EXIT_HELP, moment } from './words.ts'

const EXAMPLES = `
A KEY is a key id, alias/NAME or an ARN.

Examples
  coffer kms create --alias alias/photos --description "Family photos"
  coffer kms list
  coffer kms rotate alias/photos                         new material; old files stay readable
  coffer kms rotate alias/photos --every 365             and again each year by itself
  coffer kms disable alias/photos                        nothing under it can be read ...
  coffer kms enable alias/photos                         ... until it is enabled again
  coffer kms policy alias/photos > policy.json           read its key policy
  coffer kms policy alias/photos --set policy.json       and replace it
`

type Kms = CofferClient['kms']
type Key = Awaited<ReturnType<Kms['enable']>>

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
  addRotate(kms)
  addKmsPolicy(kms)
  addAlias(kms)
  addTag(kms)
  addDeletion(kms)
}

function addList(kms: Command): void {
  const command = kms.command('list').description('the keys of the place')
  command.action(() =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const columns = {
        'KEY ID': ({ keyId }: Key) => keyId,
        STATE: ({ state }: Key) => state,
        ALIASES: ({ aliases }: Key) => aliases.join(' '),
        DESCRIPTION: ({ description }: Key) => description,
      }
      const keys = await client.kms.list({ place }, { signal })
      listing(out, keys, columns, 'No KMS keys yet. Make one: coffer kms create')
    }),
  )
}

function addCreate(kms: Command): void {
  const command = kms
    .command('create')
    .description('make a key')
    .option('--alias <alias>', 'alias/NAME')
    .option('--description <text>', 'what it is for')
    .action(({ alias, description }: { alias?: string; description?: string }) =>
      withCoffer(command, async ({ client, place, out, signal }) => {
        const key = await client.kms.create({ place, alias, description }, { signal })
        out.result(key, `Made the KMS key ${[key.keyId, ...key.aliases].join(', ')}.`)
      }),
    )
}

function addDescribe(kms: Command): void {
  const command = kms.command('describe').description('all about one key').argument('<key>')
  command.action((key: string) =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const found = await client.kms.describe({ place, key }, { signal })
      const { automatic, periodDays, nextAt, history } = found.rotation
      out.result(found, [
        found.keyId,
        ...pairs({
          ARN: found.arn,
          State: found.state,
          Aliases: found.aliases.join(' ') || undefined,
          Description: found.description || undefined,
          Made: found.createdAt === undefined ? undefined : moment(found.createdAt),
          'Deleted on': found.deletionAt === undefined ? undefined : moment(found.deletionAt),
          Rotation: automatic ? `automatic, every ${periodDays ?? 365} days` : 'by hand',
          'Next on': nextAt === undefined ? undefined : moment(nextAt),
          Rotated: history.map(({ at }) => (at === undefined ? '' : moment(at))).join(', ') || undefined,
          Tags:
            Object.entries(found.tags)
              .map(([name, value]) => `${name}=${value}`)
              .join(' ') || undefined,
        }),
      ])
    }),
  )
}

function stateLine({ keyId, state, deletionAt }: Key): string {
  return `${keyId}: ${state}${deletionAt === undefined ? '' : `, deleted on ${moment(deletionAt)}`}`
}

function addSimple(kms: Command, name: 'enable' | 'disable', description: string): void {
  const command = kms.command(name).description(description).argument('<key>')
  command.action((key: string) =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const changed = await client.kms[name]({ place, key }, { signal })
      out.result(changed, stateLine(changed))
    }),
  )
}

function addRotate(kms: Command): void {
  const command = kms
    .command('rotate')
    .description('give a key new material now, or let it rotate by itself; what is encrypted stays readable')
    .argument('<key>')
    .option('--every <days>', 'from now on by itself, every 90 to 2560 days', wholeNumber(90, 2560))
    .option('--off', 'no longer by itself')
    .action((key: string, { every, off = false }: { every?: number; off?: boolean }) =>
      withCoffer(command, async ({ client, place, out, signal }) => {
        if (every === undefined && !off) {
          const rotated = await client.kms.rotate({ place, key }, { signal })
          out.result(rotated, `${rotated.keyId}: rotated`)
          return
        }
        const changed = await client.kms.setRotation({ place, key, automatic: !off, periodDays: every }, { signal })
        out.result(
          changed,
          off ? `${changed.keyId}: no longer by itself` : `${changed.keyId}: every ${every ?? 365} days`,
        )
      }),
    )
}

function addAlias(kms: Command): void {
  const command = kms
    .command('alias')
    .description('call a key by a name, or with --remove forget the name')
    .argument('<alias>', 'alias/NAME')
    .argument('[key]', 'the key that it names from now on')
    .option('--remove', 'forget the name; the key stays')
    .action((alias: string, key: string | undefined, { remove = false }: { remove?: boolean }) => {
      if (remove === (key !== undefined)) command.error('error: give a key that the alias names, or --remove')
      return withCoffer(command, async ({ client, place, out, signal }) => {
        if (key === undefined) {
          await client.kms.removeAlias({ place, alias }, { signal })
          out.result({ removed: alias }, `${alias} is forgotten.`)
          return
        }
        const named = await client.kms.setAlias({ place, key, alias }, { signal })
        out.result(named, `${alias} names ${named.keyId}.`)
      })
    })
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
        if (remove) await client.kms.untag({ place, key, names: words }, { signal })
        else {
          const tags = words.reduce<Record<string, string>>((all, pair) => collectPair(pair, all), {})
          await client.kms.tag({ place, key, tags }, { signal })
        }
        const { keyId, arn, tags } = await client.kms.describe({ place, key }, { signal })
        const list = Object.entries(tags).map(([name, value]) => `${name}=${value}`)
        out.result({ keyId, arn, tags }, `${keyId}: ${list.join(' ') || 'no tags'}`)
      }),
    )
}

function addDeletion(kms: Command): void {
  const schedule = kms
    .command('schedule-deletion')
    .description('delete a key after a waiting time in which it cannot be used; every file under it is lost then')
    .argument('<key>')
    .option('--days <days>', 'how long to wait, 7 to 30', wholeNumber(7, 30), 30)
    .action((key: string, { days }: { days: number }) =>
      withCoffer(schedule, async ({ client, place, out, signal }) => {
        const changed = await client.kms.scheduleDeletion({ place, key, days }, { signal })
        out.result(changed, stateLine(changed))
      }),
    )
  const cancel = kms
    .command('cancel-deletion')
    .description('keep a key that waits for its deletion; enable it afterwards')
    .argument('<key>')
    .action((key: string) =>
      withCoffer(cancel, async ({ client, place, out, signal }) => {
        const changed = await client.kms.cancelDeletion({ place, key }, { signal })
        out.result(changed, stateLine(changed))
      }),
    )
}
