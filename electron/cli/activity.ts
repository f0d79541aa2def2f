import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { wholeNumber } from './options.ts'
import { listing } from './output.ts'
import { withCoffer } from './session.ts'
import { EXIT_HELP, modeName, moment } from './words.ts'

type Entry = Awaited<ReturnType<CofferClient['activity']['list']>>[number]

export function addActivity(program: Command): void {
  const command = program
    .command('activity')
    .summary('what Coffer did')
    .description('What Coffer did on this machine, newest first: what, where, with which key, and how it ended.')
    .option('--limit <entries>', 'how many', wholeNumber(1, 1000), 50)
    .addHelpText('after', EXIT_HELP)
    .action(({ limit }: { limit: number }) =>
      withCoffer(command, async ({ client, out, signal }) => {
        const columns = {
          WHEN: ({ at }: Entry) => moment(at),
          WHAT: ({ what }: Entry) => what,
          MODE: ({ mode }: Entry) => (mode === undefined ? '' : modeName(mode)),
          ENDED: ({ outcome }: Entry) => outcome,
          OBJECT: ({ bucket, key }: Entry) => (bucket === undefined ? '' : `s3://${bucket}/${key ?? ''}`),
        }
        listing(out, await client.activity.list({ limit }, { signal }), columns, 'Nothing yet.')
      }),
    )
}
