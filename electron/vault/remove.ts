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
 * Resolves with the keys that could not be deleted, and why. Throws if S3 cannot be asked at all.
 */
export async function remove(
  vault: Vault,
  { bucket, keys }: { bucket: string; keys: string[] },
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  // DeleteObjects always carries one of the newer checksums, which older servers refuse: there each key goes by itself.
  if (keys.length === 1 || !(await saysChecksums(vault.s3))) return removeOneByOne(vault, bucket, keys, signal)
  const kept = new Map<string, CofferError>()
  for (let at = 0; at < keys.length; at += BATCH) {
    const some = await removeBatch(vault, bucket, keys.slice(at, at + BATCH), signal)
    for (const [key, failure] of some) kept.set(key, failure)
  }
  return kept
}

/** What comes after a failure is not tried, and is kept for the same reason. */
async function removeOneByOne(
  vault: Vault,
  bucket: string,
  keys: string[],
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const kept = new Map<string, CofferError>()
  const removeOne = async (key: string, stop: AbortSignal): Promise<void> => {
    const [failure] = kept.values()
    if (failure !== undefined) {
      kept.set(key, failure)
      return
    }
    try {
      await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: key }), stop)
      vault.catalog.gone(vault.place, bucket, key)
    } catch (error) {
      if (!(error instanceof CofferError) || error.code === 'CANCELLED') throw error
      kept.set(key, error)
    }
  }
  const group = taskGroup(AT_ONCE, signal)
  try {
    for (const key of keys) await group.start((stop) => removeOne(key, stop))
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
  return kept
}

async function removeBatch(
  vault: Vault,
  bucket: string,
  keys: string[],
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const command = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
  })
  const { Errors = [] } = await send(vault.s3, command, signal)
  const kept = new Map(Errors.map(({ Key = '', Code = 'unknown' }) => [Key, failureOf(bucket, Key, Code)]))
  vault.catalog.gone(vault.place, bucket, ...keys.filter((key) => !kept.has(key)))
  return kept
}

function failureOf(bucket: string, key: string, code: string): CofferError {
  const facts = { bucket, key, awsCode: code }
  if (code !== 'AccessDenied')
    return new CofferError('SERVER', `S3 could not delete s3://${bucket}/${key} (${code}).`, { facts })
  return new CofferError(
    'ACCESS_DENIED',
    `You are not allowed to delete s3://${bucket}/${key}: it needs s3:DeleteObject.`,
    {
      hint: 'Ask the owner of the bucket for s3:DeleteObject.',
      facts: { ...facts, action: 's3:DeleteObject' },
    },
  )
}
