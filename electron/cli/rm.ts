import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { instructionSuffixOption } from './options.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import type { Target } from './target.ts'
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
    .addOption(instructionSuffixOption())
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (target: string, { recursive = false, instructionSuffix }: RmFlags) => {
      const { bucket, key } = parseTarget(target)
      if (key === '') throw new CofferError('INVALID_INPUT', 'Coffer does not empty a whole bucket at once.')
      if (key.endsWith('/') && !recursive) {
        throw new CofferError('INVALID_INPUT', `${target} is a folder.`, { hint: 'To remove all of it: --recursive.' })
      }
      const folder = recursive && !key.endsWith('/') ? `${key}/` : key
      await withCoffer(command, (session) => removeKey(session, { bucket, key: folder }, instructionSuffix))
    })
}

interface RmFlags {
  recursive?: boolean
  instructionSuffix?: string
}

async function removeKey(
  { client, place, out, fail, signal }: Session,
  target: Target,
  instructionSuffix: string | undefined,
): Promise<void> {
  const { bucket, key } = target
  const asked = { place, bucket, keys: [key], instructionSuffix }
  const { removed, missing, failed, failures } = await client.objects.remove(asked, { signal })
  for (const { key: still, error } of failures) fail(error, { bucket, key: still })
  if (failed > failures.length) out.note(`And ${failed - failures.length} more that could not be removed.`)
  if (missing > 0) throw nothingThere(target)
  if (removed === 0 && failed === 1) return
  const rest = failed === 0 ? '' : ` ${count(failed, 'object')} could not be removed.`
  out.result({ bucket, key, removed, failed }, `Removed ${count(removed, 'object')}.${rest}`)
}

function nothingThere(target: Target): CofferError {
  if (target.key.endsWith('/'))
    return new CofferError('OBJECT_NOT_FOUND', `There is nothing below ${showTarget(target)}`)
  return new CofferError('OBJECT_NOT_FOUND', `There is no object ${showTarget(target)}. Nothing was removed.`, {
    hint: `If it is a folder: coffer rm --recursive ${showTarget(target)}/`,
  })
}
