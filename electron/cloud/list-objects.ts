import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3'
import { readAnswer } from './answer-text.ts'
import { decodeKey, readListing, type ObjectLine, type ObjectsPage } from './list-objects-xml.ts'
import { send } from './send.ts'

export type { ObjectLine, ObjectsPage }

export interface ObjectsQuery {
  bucket: string
  prefix: string
  /** Everything below, instead of what comes before the next `/`. */
  recursive: boolean
  /** `next` of the page before. */
  token?: string | undefined
}

/**
 * One page of at most 1,000 objects and folders (Amazon S3 API, ListObjectsV2). The SDK signs, sends, tries again and
 * explains failures as ever; but its reader of XML takes many times longer over such an answer than all else together, so
 * the answer is read here, and by the SDK only where it is not what is expected. Throws what `send` throws.
 */
export async function listObjects(
  s3: S3Client,
  { bucket, prefix, recursive, token }: ObjectsQuery,
  signal: AbortSignal,
): Promise<ObjectsPage> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    // XML cannot carry every character that a key can; so keys travel percent-encoded.
    EncodingType: 'url',
    ...(recursive ? {} : { Delimiter: '/' }),
    ...(token === undefined ? {} : { ContinuationToken: token }),
  })
  const own: { page?: ObjectsPage } = {}
  readAnswer(command, (xml) => {
    const page = readListing(xml)
    if (page === null) return null
    own.page = page
    return READ
  })
  const output = await send(s3, command, signal)
  return own.page ?? pageOf(output)
}

/** What the SDK is given to read of an answer that has been read already. */
const READ = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'

function pageOf({ EncodingType, CommonPrefixes = [], Contents = [], NextContinuationToken }: Output): ObjectsPage {
  const decode = EncodingType === 'url' ? decodeKey : (key: string): string => key
  return {
    folders: CommonPrefixes.flatMap(({ Prefix }) => (Prefix === undefined ? [] : [decode(Prefix)])),
    objects: Contents.flatMap(({ Key, Size = 0, ETag = '', LastModified }) =>
      Key === undefined ? [] : [{ key: decode(Key), size: Size, etag: ETag, modified: LastModified?.getTime() ?? 0 }],
    ),
    next: NextContinuationToken,
  }
}

type Output = Omit<ListObjectsV2CommandOutput, '$metadata'>
