import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import { send } from '../cloud/send.ts'
import type { Vault } from './vault.ts'

interface Name {
  bucket: string
  key: string
}

/** All versions of one object, newest first. Delete markers hold no content and are no versions here. */
export async function listVersions(
  { s3 }: Vault,
  { bucket, key }: Name,
  signal: AbortSignal,
): Promise<{ id: string; isLatest: boolean }[]> {
  const found: { id: string; isLatest: boolean }[] = []
  let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  for (;;) {
    const page: ListObjectVersionsCommandOutput = await send(
      s3,
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...from }),
      signal,
    )
    for (const { Key, VersionId, IsLatest } of page.Versions ?? []) {
      if (Key === key && VersionId !== undefined) found.push({ id: VersionId, isLatest: IsLatest === true })
    }
    // Keys come in order, so once another one has come there is nothing more of this.
    const last = page.NextKeyMarker
    if (page.IsTruncated !== true || (last !== undefined && last !== key)) return found
    from = { KeyMarker: last, VersionIdMarker: page.NextVersionIdMarker }
  }
}

/** Deletes one version for good. */
export async function deleteVersion(
  { s3 }: Vault,
  { bucket, key }: Name,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await send(s3, new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: id }), signal)
}
