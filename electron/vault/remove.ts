import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { saysChecksums } from '../transfers/checksum.ts'
import { taskGroup } from '../transfers/group.ts'
import type { Vault } from './vault.ts'

/** S3's limit for one DeleteObjects. */
const BATCH = 1_000
const AT_ONCE = 8

/**
 * Deletes objects; a key that is not there is done already. In a versioned bucket this hides them: older versions stay.
 * Throws the first failure; of a batch, the rest is deleted all the same.
 */
export async function remove(
  vault: Vault,
  { bucket, keys }: { bucket: string; keys: string[] },
  signal: AbortSignal,
): Promise<void> {
  // DeleteObjects always carries one of the newer checksums, which older servers refuse: there each key goes by itself.
  if (keys.length === 1 || !(await saysChecksums(vault.s3))) return removeOneByOne(vault, bucket, keys, signal)
  let failure: CofferError | undefined
  for (let at = 0; at < keys.length; at += BATCH) {
    failure = (await removeBatch(vault, bucket, keys.slice(at, at + BATCH), signal)) ?? failure
  }
  if (failure !== undefined) throw failure
}

async function removeOneByOne(vault: Vault, bucket: string, keys: string[], signal: AbortSignal): Promise<void> {
  const group = taskGroup(AT_ONCE, signal)
  try {
    for (const key of keys) {
      await group.start(async (stop) => {
        await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: key }), stop)
        vault.catalog.gone(vault.place, bucket, key)
      })
    }
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
}

async function removeBatch(
  vault: Vault,
  bucket: string,
  keys: string[],
  signal: AbortSignal,
): Promise<CofferError | undefined> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
  })
  const { Errors = [] } = await send(vault.s3, command, signal)
  const kept = new Set(Errors.map(({ Key }) => Key))
  vault.catalog.gone(vault.place, bucket, ...keys.filter((key) => !kept.has(key)))
  const [first] = Errors
  if (first === undefined) return undefined
  const { Key = '', Code = 'unknown' } = first
  const facts = { bucket, key: Key, awsCode: Code }
  return Code === 'AccessDenied'
    ? new CofferError(
        'ACCESS_DENIED',
        `You are not allowed to delete s3://${bucket}/${Key}: it needs s3:DeleteObject.`,
        {
          hint: 'Ask the owner of the bucket for s3:DeleteObject.',
          facts: { ...facts, action: 's3:DeleteObject' },
        },
      )
    : new CofferError('SERVER', `S3 could not delete s3://${bucket}/${Key} (${Code}).`, { facts })
}
