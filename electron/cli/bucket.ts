import type { Command } from 'commander'
import type { ModeChoice } from '../base/mode-names.ts'
import { addBucketEncryption, addBucketVersioning, defaultWords, versionWords } from './bucket-settings.ts'
import { knownWords, listBuckets } from './ls.ts'
import { modeOption } from './options.ts'
import { pairs } from './output.ts'
import { withCoffer } from './session.ts'
import { bucketIn } from './target.ts'
import { EXIT_HELP, modeName } from './words.ts'

const EXAMPLES = `
Examples
  coffer bucket make private
  coffer bucket show private
  coffer bucket usual private --mode cse-c --key mine
  coffer bucket encryption private --default sse-kms --key letters --bucket-key
  coffer bucket encryption private --sse-c allow     take uploads under SSE-C again
  coffer bucket versioning private on                keep what is replaced and removed
`

export function addBucket(program: Command): void {
  const bucket = program
    .command('bucket')
    .summary('buckets and their settings')
    .description('Buckets, what they do by themselves, and the mode that goes without saying in them.')
    .addHelpText('after', EXAMPLES + EXIT_HELP)

  const list = bucket.command('list').description('the buckets')
  list.action(() => withCoffer(list, listBuckets))

  const make = bucket.command('make').description('make a bucket').argument('<bucket>', 'NAME or s3://NAME')
  make.action((text: string) =>
    withCoffer(make, async ({ client, place, out, signal }) => {
      const made = await client.buckets.create({ place, bucket: bucketIn(text) }, { signal })
      out.result(made, `Made s3://${made.name}.`)
    }),
  )

  const show = bucket
    .command('show')
    .description('what a bucket does by itself, what it refuses, and its usual mode')
    .argument('<bucket>', 'NAME or s3://NAME')
  show.action((text: string) =>
    withCoffer(show, async ({ client, place, out, signal }) => {
      const name = bucketIn(text)
      const here = { place, bucket: name }
      const encryption = await client.buckets.encryption(here, { signal })
      const versioning = await client.buckets.versioning(here, { signal })
      const usual = await client.buckets.usualMode(here, { signal })
      const known = (await client.buckets.known({ place }, { signal })).find((each) => each.name === name)
      out.result({ name, encryption, versioning, usual, known }, [
        `s3://${name}`,
        ...pairs({
          'By itself': defaultWords(encryption),
          'KMS key': encryption?.kmsKeyId,
          'Bucket key': encryption?.bucketKeyEnabled === true ? 'used' : undefined,
          'SSE-C': encryption === null ? undefined : encryption.blocksCustomerKeys ? 'refused' : 'taken',
          Versions: versionWords(versioning),
          'Usual mode': usual === null ? 'none yet' : modeName(usual.mode),
          'Usual key': usual?.keyId,
          Holds: known === undefined ? undefined : knownWords(known),
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
      const name = bucketIn(text)
      await client.buckets.setUsualMode({ place, bucket: name, mode, keyId: key }, { signal })
      out.result({ name, mode, keyId: key }, `${modeName(mode)} is now usual in s3://${name}.`)
    }),
  )

  addBucketEncryption(bucket)
  addBucketVersioning(bucket)
}
