import type { Command } from 'commander'
import { withCoffer } from './session.ts'
import { parseObject, showTarget } from './target.ts'
import { EXIT_HELP } from './words.ts'

const EXAMPLES = `
Where a bucket keeps versions, removing hides an object and keeps what was in it.

Examples
  coffer ls s3://private/ --removed        what could be brought back
  coffer undelete s3://private/letter.pdf
`

export function addUndelete(program: Command): void {
  const command = program
    .command('undelete')
    .summary('bring back a removed object')
    .description('Brings back an object that was removed from a bucket that keeps versions, as it was.')
    .argument('<target>', 's3://BUCKET/KEY')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (text: string) => {
      const target = parseObject(text)
      await withCoffer(command, async ({ client, place, out, signal }) => {
        const { there } = await client.objects.undelete({ place, ...target }, { signal })
        out.result({ ...target, there }, `${showTarget(target)} is there again.`)
      })
    })
}
