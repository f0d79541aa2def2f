import type { Bucket } from '../storage/buckets.ts'
import type { Version } from '../storage/versions.ts'
import { sendEmpty, sendXml } from './answers.ts'
import { checkIfMatch } from './conditions.ts'
import { bucketOf, bucketStill, header, keyOf, type Context, type Operation } from './context.ts'
import { readDocument } from './documents.ts'
import { malformedXml } from './failures.ts'
import { checkKey } from './names.ts'
import { storageFailure } from './storage-failure.ts'
import { findVersion, versionHeader, versionIdOf } from './versions.ts'
import { toS3Error, type XmlElement } from './xml.ts'
import type { XmlNode } from './read-xml.ts'

/** What a deletion did. */
interface Deletion {
  /** The delete marker that was put, or the version that was removed; undefined: there was nothing. */
  version: Version | undefined
  /** A new marker, rather than a removal. */
  marked: boolean
}

const MOST_DELETIONS = 1000

/** DeleteObject: of a version for good, else by a delete marker where the bucket is versioned. */
export const deleteObject: Operation = async (context, request, response) => {
  const [bucket, key] = [bucketOf(context, request), keyOf(request)]
  const { version } = await remove(context, bucket, key, versionIdOf(request.query), (current) => {
    checkIfMatch(header(request, 'if-match'), key, current)
  })
  sendEmpty(response, 204, {
    ...(version ? versionHeader(bucket, version) : {}),
    ...(version?.marker === true ? { 'x-amz-delete-marker': 'true' } : {}),
  })
}

async function remove(
  context: Context,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  check: (current: Version | undefined) => void,
): Promise<Deletion> {
  const { database, pieces, removals } = context
  const deletion = await database.commit(() => {
    const now = bucketStill(context, bucket)
    const current = findVersion(context, now, key, versionId)
    check(current)
    const marked = versionId === undefined && now.versioning !== ''
    const { version, object } = marked ? putMarker(context, now, key) : removeVersion(context, now, current)
    if (object !== undefined) pieces.drop(object)
    return { version, marked }
  })
  removals.sweepSoon()
  return deletion
}

/** What was put or removed, and the object whose data goes with it. */
interface Removal {
  version: Version | undefined
  object: string | undefined
}

function putMarker({ versions }: Context, bucket: Bucket, key: string): Removal {
  const { version, replaced } = versions.mark(bucket, key)
  return { version, object: replaced }
}

function removeVersion({ versions }: Context, bucket: Bucket, version: Version | undefined): Removal {
  if (!version) return { version, object: undefined }
  versions.remove(bucket.id, version)
  return { version, object: version.marker ? undefined : version.object }
}

/** DeleteObjects: up to 1000 of them, each with its own outcome. */
export const deleteObjects: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const document = await readDocument(request, 'Delete')
  const targets = document.all('Object')
  if (targets.length === 0 || targets.length > MOST_DELETIONS) throw malformedXml()
  const quiet = document.one('Quiet')?.text.trim() === 'true'
  // They wait for one commit together.
  const outcomes = await Promise.all(targets.map((target) => removeListed(context, bucket, target)))
  sendXml(
    response,
    'DeleteResult',
    outcomes.filter(([name]) => !quiet || name === 'Error'),
  )
}

async function removeListed(context: Context, bucket: Bucket, target: XmlNode): Promise<XmlElement> {
  const key = target.one('Key')?.text
  const versionId = target.one('VersionId')?.text
  if (key === undefined || key === '') throw malformedXml()
  try {
    checkKey(key)
    const deletion = await remove(context, bucket, key, versionId, (current) => checkListedTag(target, key, current))
    return deleted(key, versionId, deletion)
  } catch (error) {
    const { code, message } = toS3Error(storageFailure(error, context))
    return [
      'Error',
      [
        ['Key', key],
        ['VersionId', versionId],
        ['Code', code],
        ['Message', message],
      ],
    ]
  }
}

function checkListedTag(target: XmlNode, key: string, current: Version | undefined): void {
  checkIfMatch(target.one('ETag')?.text, key, current)
}

function deleted(key: string, versionId: string | undefined, { version, marked }: Deletion): XmlElement {
  const isMarker = version?.marker === true
  return [
    'Deleted',
    [
      ['Key', key],
      ['VersionId', versionId],
      ['DeleteMarker', isMarker ? true : undefined],
      ['DeleteMarkerVersionId', isMarker && (marked || versionId !== undefined) ? version.version : undefined],
    ],
  ]
}
