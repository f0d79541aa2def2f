import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { saysChecksums } from '../transfers/checksum.ts'
import { taskGroup } from '../transfers/group.ts'
import type { Vault } from './vault.ts'

/** S3's limit for one DeleteObjects. */
const BATCH = 1_000
const AT_ONCE = 8

/** An object, or one version or delete marker of it. */
interface Name {
  key: string
  versionId?: string | undefined
}

interface Deletion {
  bucket: string
  names: Name[]
  /** Told of what is gone, as it goes. */
  ondeleted?: (keys: string[]) => void
}

/**
 * Deletes what is named, a thousand at a time where the server can; what is not there is done already. Resolves with the
 * keys of which something could not be deleted, and why. Throws if S3 cannot be asked at all.
 */
export async function deleteMany(
  vault: Vault,
  deletion: Deletion,
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  // DeleteObjects always carries one of the newer checksums, which older servers refuse: there each key goes by itself.
  if (deletion.names.length === 1 || !(await saysChecksums(vault.s3))) return oneByOne(vault, deletion, signal)
  const kept = new Map<string, CofferError>()
  for (let at = 0; at < deletion.names.length; at += BATCH) {
    const names = deletion.names.slice(at, at + BATCH)
    for (const [key, failure] of await batch(vault, { ...deletion, names }, signal)) kept.set(key, failure)
  }
  return kept
}

/** What comes after a failure is not tried, and is kept for the same reason. */
async function oneByOne(
  vault: Vault,
  { bucket, names, ondeleted }: Deletion,
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const kept = new Map<string, CofferError>()
  const deleteOne = async ({ key, versionId }: Name, stop: AbortSignal): Promise<void> => {
    const [failure] = kept.values()
    if (failure !== undefined) {
      kept.set(key, failure)
      return
    }
    try {
      await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), stop)
      ondeleted?.([key])
    } catch (error) {
      if (!(error instanceof CofferError) || error.code === 'CANCELLED') throw error
      kept.set(key, error)
    }
  }
  const group = taskGroup(AT_ONCE, signal)
  try {
    for (const name of names) await group.start((stop) => deleteOne(name, stop))
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
  return kept
}

async function batch(
  vault: Vault,
  { bucket, names, ondeleted }: Deletion,
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const Objects = names.map(({ key, versionId }) => ({ Key: key, VersionId: versionId }))
  const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
  const { Errors = [] } = await send(vault.s3, command, signal)
  const kept = new Map(
    Errors.map(({ Key = '', VersionId, Code = 'unknown' }) => [Key, failureOf(bucket, Key, VersionId, Code)]),
  )
  ondeleted?.(names.flatMap(({ key }) => (kept.has(key) ? [] : [key])))
  return kept
}

function failureOf(bucket: string, key: string, versionId: string | undefined, code: string): CofferError {
  const facts = { bucket, key, awsCode: code }
  if (code !== 'AccessDenied')
    return new CofferError('SERVER', `S3 could not delete s3://${bucket}/${key} (${code}).`, { facts })
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
  return new CofferError('ACCESS_DENIED', `You are not allowed to delete s3://${bucket}/${key}: it needs ${action}.`, {
    hint: `Ask the owner of the bucket for ${action}.`,
    facts: { ...facts, action },
  })
}
