import { CreateBucketCommand } from '@aws-sdk/client-s3'
import type { BucketLocationConstraint } from '@aws-sdk/client-s3'
import type { ModeChoice } from '../../base/mode-names.ts'
import { bucketEncryption } from '../../cloud/bucket-encryption.ts'
import { bucketVersioning } from '../../cloud/bucket-versioning.ts'
import { send } from '../../cloud/send.ts'
import { chooseKey } from '../../modes/customer-keys.ts'
import { changeEncryption, changeVersioning } from '../../vault/bucket-settings.ts'
import { listBuckets } from '../../vault/list.ts'
import type { Coffer } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { recorded } from './recorded.ts'
import { setUsualMode, usualMode } from '../../vault/usual-mode.ts'

const { buckets } = procedures

/** A name in the account's own namespace says so (Amazon S3 User Guide, "Namespaces for general purpose buckets"). */
function namespaceOf(bucket: string): { BucketNamespace?: 'account-regional' } {
  return /-\d{12}-[a-z]{2}(?:-[a-z]+)+-\d-an$/.test(bucket) ? { BucketNamespace: 'account-regional' } : {}
}

export const bucketsRouter = {
  list: buckets.list.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    return await listBuckets(vault, signalOf(signal))
  }),

  create: buckets.create.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    const region = await vault.s3.config.region()
    const command = new CreateBucketCommand({
      Bucket: input.bucket,
      ...namespaceOf(input.bucket),
      ...locationIn(region),
    })
    await send(vault.s3, command, signalOf(signal))
    return { name: input.bucket }
  }),

  encryption: buckets.encryption.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    return await bucketEncryption(vault.s3, input.bucket, signalOf(signal))
  }),

  setEncryption: buckets.setEncryption.handler(async ({ input, context: { coffer }, signal }) => {
    using vault = await coffer.openVault(input.place)
    const { bucket } = input
    const what = { what: 'bucket' as const, place: vault.place, bucket, keyId: input.byDefault?.kmsKeyId }
    return await recorded(coffer, what, () => changeEncryption(vault, bucket, input, signalOf(signal)))
  }),

  versioning: buckets.versioning.handler(async ({ input, context, signal }) => {
    using vault = await context.coffer.openVault(input.place)
    return await bucketVersioning(vault.s3, input.bucket, signalOf(signal))
  }),

  setVersioning: buckets.setVersioning.handler(async ({ input, context: { coffer }, signal }) => {
    using vault = await coffer.openVault(input.place)
    const { bucket, versioning } = input
    return await recorded(coffer, { what: 'bucket', place: vault.place, bucket }, () =>
      changeVersioning(vault, bucket, versioning, signalOf(signal)),
    )
  }),

  known: buckets.known.handler(async ({ input, context: { coffer } }) => {
    return coffer.catalog.listing.known(await coffer.placeId(input.place))
  }),

  usualMode: buckets.usualMode.handler(async ({ input, context: { coffer } }) => {
    using vault = await coffer.openVault(input.place)
    return usualMode(coffer.settings, vault.place, input.bucket)
  }),

  setUsualMode: buckets.setUsualMode.handler(async ({ input, context: { coffer } }) => {
    using vault = await coffer.openVault(input.place)
    const { mode } = input
    const keyId = await lastingKey(coffer, mode, input.keyId)
    setUsualMode(coffer.settings, vault.place, input.bucket, { mode, keyId })
  }),
}

/** A key of one's own is kept by its id, since it may be renamed, and must be one that the mode takes. */
async function lastingKey({ keys }: Coffer, mode: ModeChoice, named: string | undefined): Promise<string | undefined> {
  if (named === undefined || (mode !== 'sse-c' && mode !== 'cse-c')) return named
  return (await chooseKey(keys, named, mode)).id
}

/** us-east-1 is S3's home and must not be named (Amazon S3 API, CreateBucket). */
function locationIn(region: string): { CreateBucketConfiguration?: { LocationConstraint: BucketLocationConstraint } } {
  if (region === 'us-east-1') return {}
  return { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }
}
