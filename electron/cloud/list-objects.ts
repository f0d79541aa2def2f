import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsCommandOutput,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { readAnswer } from './answer-text.ts'
import { askAgain, isErrorDocument, notS3 } from './failures/not-s3.ts'
import { isListing, readListing, type ListingAnswer, type ObjectLine } from './list-objects-xml.ts'
import { decodeName } from './listed-names.ts'
import { encodingOf } from './name-encoding.ts'
import { followPages, goesOnNowhere } from './paging.ts'
import { send } from './send.ts'

export type { ObjectLine }

export interface ObjectsScope {
  bucket: string
  prefix: string
  /** Everything below, instead of what comes before the next `/`. */
  recursive: boolean
}

/** Where a listing goes on: behind a token of version 2, or behind a name, as version 1 does it. */
export type ObjectsPlace = { token: string } | { marker: string }

/** One page of a listing. */
export interface ObjectsPage {
  objects: ObjectLine[]
  /** Common prefixes. */
  folders: string[]
  /** Undefined on the last page. */
  next: ObjectsPlace | undefined
}

/** All pages of a listing. Throws LIST_INCOMPLETE for one that does not come to its end, and what `send` throws. */
export function allObjects(
  s3: S3Client,
  scope: ObjectsScope,
  signal: AbortSignal,
): AsyncGenerator<ObjectsPage, void, void> {
  return followPages(
    listedObjects(scope),
    (from: ObjectsPlace | undefined) => listObjects(s3, { ...scope, from }, signal),
    firstObject,
  )
}

/** What is listed, in words. */
export function listedObjects({ bucket, prefix }: ObjectsScope): string {
  return `the objects in s3://${bucket}/${prefix}`
}

/** For a guard of pages. A folder may be told by two pages. */
export function firstObject({ objects }: ObjectsPage): string | undefined {
  return objects[0]?.key
}

/**
 * One page of at most 1,000 objects and folders (Amazon S3 API, ListObjectsV2). A server that answers as version 1 does,
 * without a token, is asked in version 1 from then on (ListObjects). The SDK signs, sends, tries again and explains
 * failures; but its reader of XML takes many times longer over such an answer than all else together, so the answer is read
 * here, and by the SDK only where it is not what is expected. Throws LIST_INCOMPLETE for a page that says that there is
 * more and not where, and what `send` throws.
 */
export async function listObjects(
  s3: S3Client,
  { bucket, prefix, recursive, from }: ObjectsScope & { from?: ObjectsPlace | undefined },
  signal: AbortSignal,
): Promise<ObjectsPage> {
  const scope = {
    Bucket: bucket,
    Prefix: prefix,
    // XML cannot carry every character that a key can; so keys travel percent-encoded.
    EncodingType: 'url' as const,
    ...(recursive ? {} : { Delimiter: '/' }),
  }
  const answer =
    from !== undefined && 'marker' in from
      ? await askFirstVersion(s3, new ListObjectsCommand({ ...scope, Marker: from.marker }), signal)
      : await askSecondVersion(s3, new ListObjectsV2Command({ ...scope, ContinuationToken: from?.token }), signal)
  const page = await decoded(s3, bucket, answer, signal)
  return { objects: page.objects, folders: page.folders, next: nextPlace(page, { bucket, prefix, recursive }) }
}

async function askSecondVersion(s3: S3Client, command: ListObjectsV2Command, signal: AbortSignal) {
  const own = readHere(command)
  const output = await send(s3, command, signal)
  return own.answer ?? answerOf(output, output.NextContinuationToken, undefined)
}

async function askFirstVersion(s3: S3Client, command: ListObjectsCommand, signal: AbortSignal) {
  const own = readHere(command)
  const output = await send(s3, command, signal)
  // A token is of no use here.
  return { ...(own.answer ?? answerOf(output, undefined, output.NextMarker)), nextToken: undefined }
}

/** What the SDK is given to read of an answer that has been read already. */
const READ = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></ListBucketResult>'

function readHere(command: ListObjectsCommand | ListObjectsV2Command): { answer?: ListingAnswer } {
  const own: { answer?: ListingAnswer } = {}
  readAnswer(command, (xml) => {
    // An error that says 200 is for the client to read (middleware/service-answers.ts).
    if (isErrorDocument(xml)) return null
    if (!isListing(xml)) throw askAgain(notS3('S3', 200, xml))
    const answer = readListing(xml)
    if (answer === null) return null
    own.answer = answer
    return READ
  })
  return own
}

type Output = Omit<ListObjectsV2CommandOutput & ListObjectsCommandOutput, '$metadata'>

function answerOf(
  { EncodingType, CommonPrefixes = [], Contents = [], IsTruncated }: Output,
  nextToken: string | undefined,
  nextMarker: string | undefined,
): ListingAnswer {
  return {
    encoded: EncodingType === 'url',
    folders: CommonPrefixes.map(({ Prefix }) => Prefix ?? nameless()),
    objects: Contents.map(({ Key, Size = 0, ETag = '', LastModified }) => ({
      key: Key ?? nameless(),
      size: Size,
      etag: ETag,
      modified: LastModified?.getTime() ?? 0,
    })),
    isTruncated: IsTruncated,
    nextToken,
    nextMarker,
  }
}

function nameless(): never {
  throw new CofferError('SERVER', 'The server lists an object and does not name it.')
}

/** The same with its names as they are. */
async function decoded(
  s3: S3Client,
  bucket: string,
  answer: ListingAnswer,
  signal: AbortSignal,
): Promise<ListingAnswer> {
  if (!answer.encoded) return answer
  const { objects, folders, nextMarker } = answer
  const encoding = await encodingOf(s3, bucket, [...objects.map(({ key }) => key), ...folders], signal)
  for (const object of objects) object.key = decodeName(object.key, encoding)
  return {
    ...answer,
    folders: folders.map((name) => decodeName(name, encoding)),
    nextMarker: nextMarker && decodeName(nextMarker, encoding),
  }
}

/**
 * Where the next page begins. Version 1 names it only where a delimiter is given; else it is behind the last name (Amazon S3
 * API, ListObjects, NextMarker), which holds only where names come in their order. A server that says nothing of more, and
 * names a place, has more. Throws LIST_INCOMPLETE.
 */
function nextPlace(
  { isTruncated, nextToken, nextMarker, objects, folders }: ListingAnswer,
  scope: ObjectsScope,
): ObjectsPlace | undefined {
  if (isTruncated === false) return undefined
  if (nextToken !== undefined) return { token: nextToken }
  if (nextMarker !== undefined) return { marker: nextMarker }
  if (isTruncated === undefined) return undefined
  const keys = objects.map(({ key }) => key)
  const last = [keys.at(-1), folders.at(-1)]
    .filter((name) => name !== undefined)
    .sort(byBytes)
    .at(-1)
  if (last === undefined || !isInOrder(keys) || !isInOrder(folders)) throw goesOnNowhere(listedObjects(scope))
  return { marker: last }
}

function isInOrder(names: readonly string[]): boolean {
  return names.every((name, at) => at === 0 || byBytes(names[at - 1] ?? '', name) < 0)
}

/** S3 sorts keys by their bytes in UTF-8. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
