import type { Command } from 'commander'
import { addReadFlags, concurrencyOption, readOptions } from './options.ts'
import type { ReadFlags } from './options.ts'
import { withCoffer } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import { follow, manner } from './transfer.ts'
import { EXIT_HELP } from './words.ts'

interface VerifyFlags extends ReadFlags {
  versionId?: string
  concurrency?: number
}

const PROOFS = {
  tag: 'proven by its authentication tag',
  checksum: "proven by S3's checksum",
  none: "nothing but S3's own word",
} as const

const EXAMPLES = `
Examples
  coffer verify s3://private/letter.pdf
  coffer verify s3://private/photos/
`

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .summary('prove that objects are whole, and write nothing')
    .description('Reads an object, or everything below a key that ends with /, and proves it. Nothing is written.')
    .argument('<source>', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for all of it')
    .option('--version-id <id>', 'that version of it')
    .addOption(concurrencyOption())
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addReadFlags(command).action(async (source: string, flags: VerifyFlags) => {
    const target = parseTarget(source)
    await withCoffer(command, async (session) => {
      const { versionId, concurrency } = flags
      const request = { place: session.place, ...target, versionId, options: readOptions(flags), concurrency }
      const events = await session.client.objects.verify(request, { signal: session.signal })
      await follow(session, events, {
        verb: 'verified',
        line: (done) => `${showTarget(done)}: whole, ${PROOFS[done.proof]}  (${manner(done)})`,
      })
    })
  })
}
