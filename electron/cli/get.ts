import type { Command } from 'commander'
import { addReadFlags, concurrencyOption, limitRateOption, readOptions } from './options.ts'
import type { ReadFlags } from './options.ts'
import { withCoffer } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import { follow, manner } from './transfer.ts'
import { EXIT_HELP } from './words.ts'

export interface GetFlags extends ReadFlags {
  versionId?: string
  exact?: boolean
  overwrite?: boolean
  concurrency?: number
  limitRate?: number
}

const EXAMPLES = `
Nothing appears at its destination before it has been read whole and proven.

Examples
  coffer get s3://private/letter.pdf copy.pdf     exactly that file
  coffer get s3://private/letter.pdf .            into this folder, under its own name
  coffer get s3://private/photos/ photos          everything below photos/, into the folder photos
  coffer get s3://private/letter.pdf old.pdf --version-id 3sL4kqtJlcpXroDTDmJ
`

export function addGet(program: Command): void {
  const command = program
    .command('get')
    .summary('files come back')
    .description('Gets an object, or everything below a key that ends with /, and proves it before it is there.')
    .argument('<source>', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for all of it')
    .argument('<dest>', 'a file, or a folder')
    .option('--version-id <id>', 'that version of it')
    .option('--exact', 'the one object of this very key, also where it ends with /')
    .option('--overwrite', 'replace files that are there already')
    .addOption(concurrencyOption())
    .addOption(limitRateOption())
    .addHelpText('after', EXAMPLES + EXIT_HELP)
  addReadFlags(command).action(async (source: string, to: string, flags: GetFlags) => {
    const request = getRequest(source, to, flags)
    await withCoffer(command, async (session) => {
      const { client, place, signal } = session
      await follow(session, await client.objects.get({ place, ...request }, { signal }), {
        verb: 'got',
        line: (done) => `${showTarget(done)} -> ${done.path}  (${manner(done)})`,
      })
    })
  })
}

/** What is asked of the contract, but for the place. */
export function getRequest(source: string, to: string, flags: GetFlags) {
  return {
    ...parseTarget(source),
    to,
    versionId: flags.versionId,
    exact: flags.exact,
    options: readOptions(flags),
    overwrite: flags.overwrite === true ? ('replace' as const) : ('refuse' as const),
    concurrency: flags.concurrency,
    limitRate: flags.limitRate,
  }
}
