import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { withCoffer } from './session.ts'
import { parseTarget } from './target.ts'
import { count, EXIT_HELP } from './words.ts'

const EXAMPLES = `
In a bucket that keeps versions, the older versions stay.

Examples
  coffer rm s3://private/letter.pdf
  coffer rm s3://private/photos/ --recursive
`

export function addRm(program: Command): void {
  const command = program
    .command('rm')
    .summary('remove objects')
    .description('Removes an object, or with --recursive everything below a key that ends with /.')
    .argument('<target>', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ with --recursive')
    .option('-r, --recursive', 'everything below')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (target: string, { recursive = false }: { recursive?: boolean }) => {
      const { bucket, key } = parseTarget(target)
      if (key === '') throw new CofferError('INVALID_INPUT', 'Coffer does not empty a whole bucket at once.')
      if (key.endsWith('/') && !recursive) {
        throw new CofferError('INVALID_INPUT', `${target} is a folder.`, { hint: 'To remove all of it: --recursive.' })
      }
      const folder = recursive && !key.endsWith('/') ? `${key}/` : key
      await withCoffer(command, async ({ client, place, out, signal }) => {
        const { removed } = await client.objects.remove({ place, bucket, keys: [folder] }, { signal })
        out.result({ bucket, key: folder, removed }, `Removed ${count(removed, 'object')}.`)
      })
    })
}
