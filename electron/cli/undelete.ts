import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { withCoffer, type Session } from './session.ts'
import { parseTarget, showTarget, type Target } from './target.ts'
import { count, EXIT_HELP, size } from './words.ts'

const EXAMPLES = `
Where a bucket keeps versions, removing hides an object and keeps what was in it.

Examples
  coffer ls s3://private/ --removed        what could be brought back
  coffer undelete s3://private/letter.pdf
  coffer undelete s3://private/photos/     every file below it, whenever it was removed
`

export function addUndelete(program: Command): void {
  const command = program
    .command('undelete')
    .summary('bring back removed objects')
    .description(
      'Brings back an object that was removed from a bucket that keeps versions, as it was; or everything that was removed below a key that ends with /.',
    )
    .argument('<target>', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for all that was removed from it')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (text: string) => {
      const target = parseTarget(text)
      if (target.key === '' && !text.endsWith('/')) {
        throw new CofferError('INVALID_INPUT', `${text} is a whole bucket.`, {
          hint: `To bring back all that was removed from it: ${text}/`,
        })
      }
      await withCoffer(command, (session) =>
        target.key === '' || target.key.endsWith('/')
          ? undeleteFolder(session, target)
          : undeleteObject(session, target),
      )
    })
}

async function undeleteObject({ client, place, out, signal }: Session, target: Target): Promise<void> {
  const { there } = await client.objects.undelete({ place, ...target }, { signal })
  out.result({ ...target, there }, `${showTarget(target)} is there again.`)
}

async function undeleteFolder({ client, place, out, signal }: Session, target: Target): Promise<void> {
  const { bucket, key: prefix } = target
  for await (const step of await client.objects.undeleteFolder({ place, bucket, prefix }, { signal })) {
    const { files, bytes, looked, done } = step
    out.status(done ? '' : `${count(files, 'object')} of ${looked} brought back`)
    if (!done) continue
    const where = prefix === '' ? `in s3://${bucket}` : `below ${showTarget(target)}`
    out.result(
      { ...target, files, bytes },
      `${count(files, 'object')} ${where} ${files === 1 ? 'is' : 'are'} there again, ${size(bytes)}.`,
    )
  }
}
