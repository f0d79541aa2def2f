import type { Command } from 'commander'
import type { ModeChoice } from '../base/mode-names.ts'
import { listBuckets } from './ls.ts'
import { modeOption } from './options.ts'
import { pairs } from './output.ts'
import { withCoffer } from './session.ts'
import { parseTarget } from './target.ts'
import { EXIT_HELP, modeName } from './words.ts'

const EXAMPLES = `
Examples
  coffer bucket make private
  coffer bucket show private
  coffer bucket usual private --mode cse-c --key mine
`

export function addBucket(program: Command): void {
  const bucket = program
    .command('bucket')
    .summary('buckets and their usual mode')
    .description('Buckets, what they do by themselves, and the mode that goes without saying in them.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)

  const list = bucket.command('list').description('the buckets')
  list.action(() => withCoffer(list, listBuckets))

  const make = bucket.command('make').description('make a bucket').argument('<bucket>', 'NAME or s3://NAME')
  make.action((text: string) =>
    withCoffer(make, async ({ client, place, out, signal }) => {
      const made = await client.buckets.create({ place, bucket: nameIn(text) }, { signal })
      out.result(made, `Made s3://${made.name}.`)
    }),
  )

  const show = bucket
    .command('show')
    .description('what a bucket does by itself, what it refuses, and its usual mode')
    .argument('<bucket>', 'NAME or s3://NAME')
  show.action((text: string) =>
    withCoffer(show, async ({ client, place, out, signal }) => {
      const name = nameIn(text)
      const encryption = await client.buckets.encryption({ place, bucket: name }, { signal })
      const usual = await client.buckets.usualMode({ place, bucket: name }, { signal })
      out.result({ name, encryption, usual }, [
        `s3://${name}`,
        ...pairs({
          'By itself': encryption === null ? 'not known' : (encryption.algorithm ?? 'nothing'),
          'KMS key': encryption?.kmsKeyId,
          'SSE-C': encryption?.blocksCustomerKeys === true ? 'refused' : undefined,
          'Usual mode': usual === null ? 'none yet' : modeName(usual.mode),
          'Usual key': usual?.keyId,
        }),
      ])
    }),
  )

  const usual = bucket
    .command('usual')
    .description('set the mode that put takes here when none is named')
    .argument('<bucket>', 'NAME or s3://NAME')
    .addOption(modeOption('the mode').makeOptionMandatory())
    .option('--key <key>', 'its key')
  usual.action((text: string, { mode, key }: { mode: ModeChoice; key?: string }) =>
    withCoffer(usual, async ({ client, place, out, signal }) => {
      const name = nameIn(text)
      await client.buckets.setUsualMode({ place, bucket: name, mode, keyId: key }, { signal })
      out.result({ name, mode, keyId: key }, `${modeName(mode)} is now usual in s3://${name}.`)
    }),
  )
}

function nameIn(text: string): string {
  return text.startsWith('s3://') ? parseTarget(text).bucket : text
}
