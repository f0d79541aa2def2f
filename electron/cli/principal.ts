import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { listing, pairs } from './output.ts'
import { withCoffer } from './session.ts'
import { EXIT_HELP, moment } from './words.ts'

const EXAMPLES = `
A principal has credentials of its own on This computer, and may use a KMS key only if the key's policy says so.

Examples
  coffer principal add alice
  coffer kms policy photos --allow alice        alice may use the key
  coffer principal list
`

type Principal = Awaited<ReturnType<CofferClient['principals']['list']>>[number]

export function addPrincipal(program: Command): void {
  const principal = program
    .command('principal')
    .summary('who else may use This computer')
    .description('Principals: who else may use This computer, each with credentials of their own.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)

  const add = principal.command('add').description('make one; its secret is shown once').argument('<name>')
  add.action((name: string) =>
    withCoffer(add, async ({ client, out, signal }) => {
      const made = await client.principals.add({ name }, { signal })
      out.result(made, [
        `Made the principal ${made.name}.`,
        ...pairs({ ARN: made.arn, 'Access key': made.accessKeyId, Secret: made.secretAccessKey }),
      ])
      out.note(
        `The secret is shown now and never again. Let ${made.name} use a key: coffer kms policy KEY --allow ${made.name}`,
      )
    }),
  )

  const list = principal.command('list').description('the principals that there are')
  list.action(() =>
    withCoffer(list, async ({ client, out, signal }) => {
      const columns = {
        NAME: ({ name }: Principal) => name,
        'ACCESS KEY': ({ accessKeyId }: Principal) => accessKeyId,
        ARN: ({ arn }: Principal) => arn,
        MADE: ({ createdAt }: Principal) => (createdAt === undefined ? '' : moment(createdAt)),
      }
      const principals = await client.principals.list({}, { signal })
      listing(out, principals, columns, 'No principals yet. Make one: coffer principal add NAME')
    }),
  )

  const remove = principal.command('remove').description('take its credentials away').argument('<name>')
  remove.action((name: string) =>
    withCoffer(remove, async ({ client, out, signal }) => {
      await client.principals.remove({ name }, { signal })
      out.result({ removed: name }, `Removed the principal ${name}.`)
    }),
  )
}
