import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { allObjects, type ObjectLine } from '../cloud/list-objects.ts'
import { followPages } from '../cloud/paging.ts'
import { send } from '../cloud/send.ts'
import type { ListEntry, Vault } from './vault.ts'

export interface ListRequest {
  bucket: string
  /** '' for the whole bucket; a folder's ends with `/`. */
  prefix: string
  /** Everything below, instead of what is in the folder. */
  recursive: boolean
}

/** What is in a folder, page by page, in S3's order. One request a page; no object is asked about by itself. */
export async function* listFolder(
  vault: Vault,
  request: ListRequest,
  signal: AbortSignal,
): AsyncGenerator<ListEntry, void, void> {
  let last: string | undefined
  for await (const { objects, folders } of allObjects(vault.s3, request, signal)) {
    for (const key of folders) {
      // A page that begins within a folder tells it once more.
      if (key !== last) yield folder(key)
      last = key
    }
    for (const object of objects) yield entryOf(vault, request.bucket, object)
  }
}

function entryOf({ catalog, place }: Vault, bucket: string, { key, size, modified, etag }: ObjectLine): ListEntry {
  const known = catalog.recall(place, bucket, key)
  const current = known !== null && known.etag === etag ? known : null
  const { mode, keyId } = current ?? {}
  return { kind: 'object', key, size, lastModified: new Date(modified), etag, mode, keyId }
}

function folder(key: string): ListEntry {
  const nothing = { size: 0, lastModified: undefined, etag: undefined, mode: undefined, keyId: undefined }
  return { kind: 'folder', key, ...nothing }
}

/** The buckets that these credentials may see. */
export async function listBuckets(
  vault: Vault,
  signal: AbortSignal,
): Promise<{ name: string; createdAt: Date | undefined }[]> {
  const ask = async (from: string | undefined) => {
    const { Buckets = [], ContinuationToken } = await send(
      vault.s3,
      new ListBucketsCommand(from === undefined ? {} : { ContinuationToken: from }),
      signal,
    )
    return { buckets: Buckets, next: ContinuationToken || undefined }
  }
  const found: { name: string; createdAt: Date | undefined }[] = []
  for await (const { buckets } of followPages('the buckets', ask, ({ buckets: [first] }) => first?.Name)) {
    for (const { Name, CreationDate } of buckets) {
      if (Name !== undefined) found.push({ name: Name, createdAt: CreationDate })
    }
  }
  return found
}
