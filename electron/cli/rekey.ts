import type { Command } from 'commander'
import type { ModeChoice } from '../base/mode-names.ts'
import { addWriteFlags, concurrencyOption, modeOption, writeOptions } from './options.ts'
import type { WriteFlags } from './options.ts'
import { withCoffer } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import { follow, manner } from './transfer.ts'
import { EXIT_HELP, MODES_HELP } from './words.ts'

interface RekeyFlags extends WriteFlags {
  mode: ModeChoice
  fromKey?: string
  allowLegacy?: boolean
  concurrency?: number
}

const EXAMPLES = `
Examples
  coffer rekey s3://private/letter.pdf --mode cse-c --key mine
  coffer rekey s3://private/photos/ --mode sse-kms --key alias/photos
`

export function addRekey(program: Command): void {
  const command = program
    .command('rekey')
    .summary('change the mode or the key of what is there')
    .description('Encrypts an object anew, or everything below a key that ends with /, under another mode or key.')
    .argument('<source>', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for all of it')
    .addOption(modeOption('the new mode').makeOptionMandatory())
    .option('--from-key <key>', 'your key that it has now, if it is not found by itself')
    .option('--allow-legacy', 'accept old formats that cannot prove that nobody changed them')
    .addOption(concurrencyOption())
    .addHelpText('after', MODES_HELP + EXAMPLES + EXIT_HELP)
  addWriteFlags(command).action(async (source: string, flags: RekeyFlags) => {
    const target = parseTarget(source)
    await withCoffer(command, async (session) => {
      const request = {
        place: session.place,
        ...target,
        mode: flags.mode,
        from: { key: flags.fromKey, allowLegacy: flags.allowLegacy },
        to: writeOptions(flags),
        concurrency: flags.concurrency,
      }
      const events = await session.client.objects.rekey(request, { signal: session.signal })
      await follow(session, events, {
        verb: 're-keyed',
        line: (done) => `${showTarget(done)} re-keyed  (${manner(done)})`,
      })
    })
  })
}
