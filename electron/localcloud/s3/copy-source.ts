import { zero } from '../../base/bytes.ts'
import { S3Error, type VerifiedRequest } from '../request.ts'
import { checkPieces, readPieces } from '../storage/pieces.ts'
import type { Bucket } from '../storage/buckets.ts'
import type { ObjectVersion } from '../storage/versions.ts'
import { checkSourceConditions, type ByteRange } from './conditions.ts'
import { bucketNamed, header, type Context } from './context.ts'
import { openDataKeys } from './encryption-headers.ts'
import { invalidArgument, invalidRequest, noSuchKey, noSuchVersion } from './failures.ts'
import { findVersion, versionHeader } from './versions.ts'

export interface CopySource {
  bucket: Bucket
  version: ObjectVersion
  /** Whether a version was named. */
  isVersioned: boolean
}

const HEADER = 'x-amz-copy-source'

/** The object that x-amz-copy-source names, its conditions checked. Throws InvalidArgument, NoSuchKey, PreconditionFailed. */
export function findCopySource(context: Context, request: VerifiedRequest): CopySource {
  const { bucketName, key, versionId } = parseSource(header(request, HEADER) ?? '')
  const bucket = bucketNamed(context, bucketName)
  const version = findVersion(context, bucket, key, versionId)
  if (!version) throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId)
  if (version.marker) {
    if (versionId === undefined) throw noSuchKey(key)
    throw invalidRequest('The source of a copy request may not specifically refer to a delete marker by version id.')
  }
  checkSourceConditions(request, version)
  return { bucket, version, isVersioned: versionId !== undefined }
}

function parseSource(source: string): { bucketName: string; key: string; versionId: string | undefined } {
  const mark = source.lastIndexOf('?versionId=')
  const path = mark === -1 ? source : source.slice(0, mark)
  const decoded = decode(path).replace(/^\//, '')
  const slash = decoded.indexOf('/')
  if (slash < 1 || slash === decoded.length - 1) throw badSource(source)
  const versionId = mark === -1 ? undefined : source.slice(mark + '?versionId='.length)
  if (versionId === '') throw badSource(source)
  return { bucketName: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId }
}

function decode(path: string): string {
  try {
    // Clients send UTF-8 as it is too; node reads header bytes as latin1.
    return decodeURIComponent(/[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1').toString() : path)
  } catch {
    throw badSource(path)
  }
}

function badSource(source: string): S3Error {
  return invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey', HEADER, source)
}

export interface OpenSource {
  bytes: AsyncIterable<Buffer>
  /** Zeroes the keys and lets the files go. */
  close(): void
}

/** Opens the source's bytes under the keys that rest with it, or the x-amz-copy-source customer key. */
export function openCopySource(
  context: Context,
  request: VerifiedRequest,
  { version }: CopySource,
  { start, end }: ByteRange,
): OpenSource {
  const pieces = context.pieces.list(version.object)
  checkPieces(pieces, version.size)
  const keys = openDataKeys(context, request, version, 'copy-source')
  const release = context.removals.lease(version.object)
  return {
    bytes: readPieces(context.blobs, version.object, pieces, keys, start, end),
    close: () => {
      release()
      zero(...keys)
    },
  }
}

export function sourceVersionHeader({ bucket, version }: CopySource): Record<string, string> {
  const id = versionHeader(bucket, version)['x-amz-version-id']
  return id === undefined ? {} : { 'x-amz-copy-source-version-id': id }
}
