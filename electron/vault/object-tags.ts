import { GetObjectTaggingCommand } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { isPassing } from '../transfers/backoff.ts'
import { knowsSubResource } from './known-sub-resource.ts'
import type { Vault } from './vault.ts'

/**
 * An object's tags, none on a server that knows no tags. Undefined: these credentials may not read them. Throws failures of
 * the network.
 */
export async function tagsOf(
  vault: Vault,
  { bucket, key, versionId }: { bucket: string; key: string; versionId?: string | undefined },
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const knows = await knowsSubResource(vault, 'tagging', { bucket, key }, signal)
  if (knows !== true) return knows === false ? {} : undefined
  try {
    const command = new GetObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    const { TagSet = [] } = await send(vault.s3, command, signal)
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]))
  } catch (error) {
    if (isCofferError(error, 'CANCELLED') || isPassing(error)) throw error
    return isCofferError(error, 'UNSUPPORTED') ? {} : undefined
  }
}
