import { ListBucketsCommand, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
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
  { bucket, prefix, recursive }: ListRequest,
  signal: AbortSignal,
): AsyncGenerator<ListEntry, void, void> {
  let token: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await send(
      vault.s3,
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        // XML cannot carry every character that a key can; so keys travel percent-encoded.
        EncodingType: 'url',
        ...(recursive ? {} : { Delimiter: '/' }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
      signal,
    )
    yield* entriesOf(vault, bucket, page)
    token = page.NextContinuationToken
  } while (token !== undefined)
}

function* entriesOf(vault: Vault, bucket: string, page: ListObjectsV2CommandOutput): Generator<ListEntry> {
  const decode = page.EncodingType === 'url' ? decodeKey : (key: string): string => key
  for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) yield folder(decode(Prefix))
  for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
    if (Key === undefined) continue
    const key = decode(Key)
    const known = vault.catalog.recall(vault.place, bucket, key)
    const current = known !== null && known.etag === ETag ? known : null
    yield {
      kind: 'object',
      key,
      size: Size ?? 0,
      lastModified: LastModified,
      etag: ETag,
      mode: current?.mode,
      keyId: current?.keyId,
    }
  }
}

function folder(key: string): ListEntry {
  return {
    kind: 'folder',
    key,
    size: 0,
    lastModified: undefined,
    etag: undefined,
    mode: undefined,
    keyId: undefined,
  }
}

/** S3 encodes a space as `+`, as forms do. */
function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '))
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
