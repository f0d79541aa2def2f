import type { KMSClient } from '@aws-sdk/client-kms'
import { ListResourceTagsCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-kms'
import { followPages, nextPlace } from '../paging.ts'
import { send } from '../send.ts'

/** A key's tags, name to value. Throws KMS_DENIED. */
export async function tagsOf(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<Record<string, string>> {
  const tags: [string, string][] = []
  const what = `the tags of the KMS key ${keyId}`
  const ask = async (Marker: string | undefined) => {
    const command = new ListResourceTagsCommand({ KeyId: keyId, Marker })
    const { Tags = [], Truncated, NextMarker } = await send(kms, command, signal)
    return { page: Tags, next: nextPlace(Truncated, NextMarker || undefined, what) }
  }
  for await (const { page } of followPages(what, ask, ({ page: [first] }) => first?.TagKey)) {
    for (const { TagKey, TagValue } of page) tags.push([TagKey ?? '', TagValue ?? ''])
  }
  return Object.fromEntries(tags)
}

/** Adds tags, or gives those that are there new values. Throws INVALID_INPUT for what KMS refuses. */
export async function tagKey(
  kms: KMSClient,
  keyId: string,
  tags: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
  await send(kms, new TagResourceCommand({ KeyId: keyId, Tags }), signal)
}

/** Takes tags off; names that are not there are no failure. */
export async function untagKey(kms: KMSClient, keyId: string, names: string[], signal: AbortSignal): Promise<void> {
  await send(kms, new UntagResourceCommand({ KeyId: keyId, TagKeys: names }), signal)
}
