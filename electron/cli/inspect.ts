import type { Command } from 'commander'
import { journeyLines } from './journey.ts'
import { addReadFlags, readOptions } from './options.ts'
import type { ReadFlags } from './options.ts'
import { pairs } from './output.ts'
import { withCoffer } from './session.ts'
import { parseObject, showTarget } from './target.ts'
import { EXIT_HELP, modeCustody, modeName, moment, size } from './words.ts'

const FORMATS = {
  v3: 'S3 Encryption Client, version 3 (commits to its key)',
  v2: 'S3 Encryption Client, version 2',
  v1: 'S3 Encryption Client, version 1 (legacy)',
} as const

const EXAMPLES = `
The object's body is not read: coffer verify does that.

Example
  coffer inspect s3://private/letter.pdf
`

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .summary('how an object is encrypted, and how its key is reached')
    .description('Shows the mode of an object, its key, and the journey of that key, step by step.')
    .argument('<object>', 's3://BUCKET/KEY')
    .option('--version-id <id>', 'that version of it')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addReadFlags(command).action(async (object: string, flags: ReadFlags & { versionId?: string }) => {
    const target = parseObject(object)
    await withCoffer(command, async ({ client, place, out, signal }) => {
      const request = { place, ...target, versionId: flags.versionId, options: readOptions(flags) }
      const seen = await client.objects.inspect(request, { signal })
      out.result(seen, [
        showTarget(seen),
        ...pairs({
          Mode: `${modeName(seen.mode)}: ${modeCustody(seen.mode)}`,
          Key: seen.keyId,
          Format: seen.format === undefined ? undefined : FORMATS[seen.format],
          Algorithm: seen.algorithm,
          Size: seen.bytes === undefined ? undefined : size(seen.bytes),
          Stored: seen.storedBytes === undefined ? undefined : size(seen.storedBytes),
          Changed: seen.lastModified === undefined ? undefined : moment(seen.lastModified),
          Version: seen.versionId,
          ETag: seen.etag,
        }),
        '',
        'How it is read',
        ...journeyLines(seen.journey),
      ])
    })
  })
}
