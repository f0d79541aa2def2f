import type { Command } from 'commander'
import { Argument, Option } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError } from '../base/errors.ts'
import type { Output } from './output.ts'
import { withCoffer } from './session.ts'
import { bucketIn } from './target.ts'

type Encryption = NonNullable<Awaited<ReturnType<CofferClient['buckets']['encryption']>>>
type Versioning = Awaited<ReturnType<CofferClient['buckets']['versioning']>>

const ALGORITHMS = { 'sse-s3': 'AES256', 'sse-kms': 'aws:kms', 'dsse-kms': 'aws:kms:dsse' } as const
type Default = keyof typeof ALGORITHMS

/** What a bucket encrypts with by itself, in the words of the modes. */
export function defaultWords(encryption: Encryption | null): string {
  if (encryption === null) return 'not known'
  const { algorithm } = encryption
  const name = Object.entries(ALGORITHMS).find(([, known]) => known === algorithm)?.[0]
  return name?.toUpperCase() ?? algorithm ?? 'nothing'
}

const VERSIONS = { on: 'kept', off: 'not kept', suspended: 'kept until now, and no more' } as const

export function versionWords(versioning: Versioning): string {
  return versioning === null ? 'not known' : VERSIONS[versioning]
}

interface EncryptionFlags {
  default?: Default
  key?: string
  bucketKey?: boolean
  sseC?: 'allow' | 'block'
}

/** `coffer bucket encryption`. */
export function addBucketEncryption(bucket: Command): void {
  const command = bucket
    .command('encryption')
    .description(
      'change what a bucket encrypts with by itself, and whether it takes SSE-C; what is stored stays as it is',
    )
    .argument('<bucket>', 'NAME or s3://NAME')
    .addOption(new Option('--default <mode>', 'for what comes without a mode').choices(Object.keys(ALGORITHMS)))
    .option('--key <key>', "sse-kms, dsse-kms: the KMS key (id, alias or ARN); S3's own in KMS unless told")
    .option('--bucket-key', 'sse-kms: let S3 use a bucket key (fewer calls to KMS)')
    .addOption(new Option('--sse-c <how>', 'take uploads under SSE-C, or refuse them').choices(['allow', 'block']))
  command.action((text: string, flags: EncryptionFlags) => {
    const change = changeOf(flags)
    return withCoffer(command, async ({ client, place, out, signal }) => {
      const name = bucketIn(text)
      const { now, holds } = await client.buckets.setEncryption({ place, bucket: name, ...change }, { signal })
      out.result({ name, encryption: now, holds }, [
        ...(flags.default === undefined
          ? []
          : [`s3://${name} encrypts with ${flags.default.toUpperCase()} by itself now.`]),
        ...(flags.sseC === undefined
          ? []
          : [`s3://${name} ${flags.sseC === 'allow' ? 'takes' : 'refuses'} uploads under SSE-C now.`]),
      ])
      warnIfUnsure(out, holds)
    })
  })
}

/** Throws INVALID_INPUT if nothing is to be changed, or half of it is said. */
function changeOf({ default: mode, key, bucketKey, sseC }: EncryptionFlags) {
  if (mode === undefined && (key !== undefined || bucketKey !== undefined)) {
    throw new CofferError('INVALID_INPUT', 'A KMS key and a bucket key go with a default.', {
      hint: 'Name it: --default sse-kms.',
    })
  }
  if (mode === undefined && sseC === undefined) {
    throw new CofferError('INVALID_INPUT', 'Nothing is to be changed.', {
      hint: 'Say --default or --sse-c. To see how it is: coffer bucket show BUCKET.',
    })
  }
  return {
    ...(mode === undefined
      ? {}
      : { byDefault: { algorithm: ALGORITHMS[mode], kmsKeyId: key, bucketKeyEnabled: bucketKey } }),
    ...(sseC === undefined ? {} : { blocksCustomerKeys: sseC === 'block' }),
  }
}

const EXPLAINED = {
  on: 'keeps what is replaced and removed from now on; each version is stored, and charged, in full',
  suspended: 'keeps no more versions; those it has stay',
} as const

/** `coffer bucket versioning`. */
export function addBucketVersioning(bucket: Command): void {
  const command = bucket
    .command('versioning')
    .description('keep what is replaced and removed (on), or keep no more of it (suspend); it is never off again')
    .argument('<bucket>', 'NAME or s3://NAME')
    .addArgument(new Argument('<how>', 'on or suspend').choices(['on', 'suspend']))
  command.action((text: string, how: 'on' | 'suspend') =>
    withCoffer(command, async ({ client, place, out, signal }) => {
      const name = bucketIn(text)
      const versioning = how === 'on' ? 'on' : 'suspended'
      const { now, holds } = await client.buckets.setVersioning({ place, bucket: name, versioning }, { signal })
      out.result({ name, versioning: now, holds }, `s3://${name} ${EXPLAINED[versioning]}.`)
      warnIfUnsure(out, holds)
    }),
  )
}

function warnIfUnsure(out: Output, holds: boolean): void {
  if (holds) return
  out.note(
    'The server took it and does not tell it yet: it may need some minutes, or not know this setting. See coffer bucket show.',
  )
}
