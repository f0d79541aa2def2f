import type { ServerResponse } from 'node:http'
import { S3Error, type VerifiedRequest } from '../request.ts'
import type { Bucket } from '../storage/buckets.ts'
import type { DeleteMarker, ObjectVersion, Version } from '../storage/versions.ts'
import { httpTime } from './answers.ts'
import { keyOf, type Context } from './context.ts'
import { invalidArgument, noSuchKey, noSuchVersion } from './failures.ts'

/** The version id a request names; undefined: the newest. Throws InvalidArgument. */
export function versionIdOf(query: URLSearchParams): string | undefined {
  const given = query.get('versionId')
  if (given === '') throw invalidArgument('Version id cannot be the empty string', 'versionId', '')
  return given ?? undefined
}

/** Finds a version; undefined if there is none of that name. */
export function findVersion(context: Context, bucket: Bucket, key: string, versionId?: string): Version | undefined {
  return versionId === undefined
    ? context.versions.latest(bucket.id, key)
    : context.versions.named(bucket.id, key, versionId)
}

/**
 * The object a read speaks of. Throws NoSuchKey, NoSuchVersion, and for a delete marker NoSuchKey or MethodNotAllowed
 * with the headers that tell of it.
 */
export function readableObject(
  context: Context,
  request: VerifiedRequest,
  response: ServerResponse,
  bucket: Bucket,
): ObjectVersion {
  const [key, versionId] = [keyOf(request), versionIdOf(request.query)]
  const version = findVersion(context, bucket, key, versionId)
  if (!version) throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId)
  if (version.marker) throw markerFailure(response, bucket, version, versionId)
  return version
}

function markerFailure(
  response: ServerResponse,
  bucket: Bucket,
  marker: DeleteMarker,
  asked: string | undefined,
): S3Error {
  response.setHeader('x-amz-delete-marker', 'true')
  for (const [name, value] of Object.entries(versionHeader(bucket, marker))) response.setHeader(name, value)
  if (asked === undefined) return noSuchKey(marker.key)
  response.setHeader('last-modified', httpTime(marker.modifiedMs))
  response.setHeader('allow', 'DELETE')
  return new S3Error('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.', {
    Method: 'GET',
    ResourceType: 'DeleteMarker',
  })
}

/** x-amz-version-id, once a bucket has been versioned. */
export function versionHeader(bucket: Bucket, version: Version): Record<string, string> {
  return bucket.versioning === '' ? {} : { 'x-amz-version-id': version.version }
}
