import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { listObjects, type ObjectLine } from '../cloud/list-objects.ts'
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
  let token: string | undefined
  do {
    const { objects, folders, next } = await listObjects(vault.s3, { ...request, token }, signal)
    for (const key of folders) yield folder(key)
    for (const object of objects) yield entryOf(vault, request.bucket, object)
    token = next
  } while (token !== undefined)
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
  const buckets: { name: string; createdAt: Date | undefined }[] = []
  let token: string | undefined
  do {
    const page = await send(
      vault.s3,
      new ListBucketsCommand(token === undefined ? {} : { ContinuationToken: token }),
      signal,
    )
    for (const { Name, CreationDate } of page.Buckets ?? []) {
      if (Name !== undefined) buckets.push({ name: Name, createdAt: CreationDate })
    }
    token = page.ContinuationToken
  } while (token !== undefined)
  return buckets
}
