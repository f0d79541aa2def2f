import type { Command } from 'commander'
import { withCoffer } from './session.ts'

/** `coffer kms alias add|move|remove`: the names of keys. */
export function addKmsAlias(kms: Command): void {
  const group = kms.command('alias').description('names of keys; each may be given with or without alias/')
  addNaming(group, 'add', 'call a key by a name')
  addNaming(group, 'move', 'make a name mean another key')

  const remove = group
    .command('remove')
    .description('forget a name; the key stays')
    .argument('<alias>')
    .action((alias: string) =>
      withCoffer(remove, async ({ client, place, out, signal }) => {
        const removed = await client.kms.removeAlias({ place, alias }, { signal })
        out.result({ removed: removed.alias }, `${removed.alias} is forgotten.`)
      }),
    )
}

function addNaming(group: Command, name: 'add' | 'move', description: string): void {
  const command = group.command(name).description(description).argument('<alias>').argument('<key>')
  command.action((alias: string, key: string) =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const call = name === 'add' ? client.kms.addAlias : client.kms.moveAlias
      const named = await call({ place, key, alias }, { signal })
      out.result(named, `${alias} names ${named.keyId}.`)
      if (name === 'move') out.note('What was written under the name keeps the key that it was written with.')
    }),
  )
}
