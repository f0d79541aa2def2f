import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { allVersions, type VersionLine } from '../cloud/list-versions.ts'
import { send } from '../cloud/send.ts'
import type { StoredObject } from '../store/listing/listing.ts'
import type { Vault } from './vault.ts'

interface Name {
  bucket: string
  key: string
}

/** All that a bucket keeps of one object, newest first. Asks S3 each time. Throws LIST_INCOMPLETE, and what `send` throws. */
export async function versionsOf(vault: Vault, { bucket, key }: Name, signal: AbortSignal): Promise<VersionLine[]> {
  const found: VersionLine[] = []
  for await (const { lines, next } of allVersions(vault.s3, { bucket, prefix: key }, signal)) {
    found.push(...lines.filter((line) => line.key === key))
    // Keys come in order, so once another one has come there is nothing more of this.
    if (next !== undefined && next.key !== key) break
  }
  return found.sort(newestFirst)
}

/** S3's own order where dates, which are in whole seconds, do not say otherwise; there are servers that list markers last. */
function newestFirst(one: VersionLine, other: VersionLine): number {
  if (one.isLatest !== other.isLatest) return one.isLatest ? -1 : 1
  return other.lastModified.getTime() - one.lastModified.getTime()
}

/**
 * Takes away what hides an object: one delete marker, or, if none is named, all that lie above its newest version. True if
 * the object is there again. Throws INVALID_INPUT if the version is no delete marker, OBJECT_NOT_FOUND if there is none of
 * this id, or nothing to bring back, and what `send` throws.
 */
export async function undelete(
  vault: Vault,
  { bucket, key, versionId }: Name & { versionId?: string | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  const name = { bucket, key }
  if (versionId === undefined) return uncover(vault, name, signal)
  const marker = (await versionsOf(vault, name, signal)).find(({ id }) => id === versionId)
  if (marker === undefined) {
    throw new CofferError('OBJECT_NOT_FOUND', `s3://${bucket}/${key} has no version ${versionId}.`)
  }
  if (marker.kind !== 'delete-marker') {
    throw new CofferError(
      'INVALID_INPUT',
      'This version holds content; only a delete marker can be taken away like this.',
    )
  }
  return removeVersion(vault, { ...name, versionId }, signal)
}

/** One marker after the other, since not every server tells in which order those of one second came. */
async function uncover(vault: Vault, { bucket, key }: Name, signal: AbortSignal): Promise<boolean> {
  const versions = await versionsOf(vault, { bucket, key }, signal)
  const [latest] = versions
  if (latest === undefined || !versions.some(({ kind }) => kind === 'version')) {
    throw new CofferError('OBJECT_NOT_FOUND', `s3://${bucket}/${key} has no version that could be brought back.`)
  }
  if (latest.kind === 'version') return true
  return (
    (await removeVersion(vault, { bucket, key, versionId: latest.id }, signal)) ||
    (await uncover(vault, { bucket, key }, signal))
  )
}

/** Deletes one version, or delete marker, for good. True if the object is there afterwards. Throws what `send` throws. */
export async function removeVersion(
  vault: Vault,
  { bucket, key, versionId }: Name & { versionId: string },
  signal: AbortSignal,
): Promise<boolean> {
  await deleteVersion(vault, { bucket, key }, versionId, signal)
  const [latest] = await versionsOf(vault, { bucket, key }, signal)
  if (latest?.kind !== 'version') {
    vault.catalog.gone(vault.place, bucket, key)
    return false
  }
  vault.catalog.listing.stored([asStored(vault, bucket, latest)])
  return true
}

/** Deletes one version for good. Throws what `send` throws. */
export async function deleteVersion(
  { s3 }: Vault,
  { bucket, key }: Name,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await send(s3, new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: id }), signal)
}

/** A version that is an object's latest again, as its folder shows it. */
export function asStored(
  { place }: Vault,
  bucket: string,
  { key, size, etag, lastModified }: VersionLine,
): StoredObject {
  return { place, bucket, key, size, etag, modified: lastModified.getTime() }
}
