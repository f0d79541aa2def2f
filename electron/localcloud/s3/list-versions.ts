import type { VerifiedRequest } from '../request.ts'
import type { Line, ListedVersion } from '../storage/listing.ts'

import { isoTime, quoted, sendXml } from './answers.ts'
import { OWNER } from './buckets.ts'
import { bucketOf, type Context, type Operation } from './context.ts'
import { invalidArgument } from './failures.ts'
import { commonPrefixes, readListQuery, takePage, type ListQuery } from './list-objects.ts'
import type { XmlElement } from './xml.ts'

/** ListObjectVersions: every version and delete marker, newest first within a key. */
export const listObjectVersions: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  const { prefix, delimiter, most, encode, encodingType } = readListQuery(request)
  const after = request.query.get('key-marker') ?? ''
  const afterVersion = request.query.get('version-id-marker') ?? ''
  const afterId = markerId(context, request, bucket.id, after, afterVersion)
  const page = takePage(context.listing.versions({ bucket: bucket.id, prefix, delimiter, after, afterId }), most)
  const last = page.truncated ? page.lines.at(-1) : undefined
  sendXml(response, 'ListVersionsResult', [
    ['Name', bucket.name],
    ['Prefix', encode(prefix)],
    ['KeyMarker', encode(after)],
    ['VersionIdMarker', afterVersion],
    ['NextKeyMarker', last && encode('commonPrefix' in last ? last.commonPrefix : last.entry.key)],
    ['NextVersionIdMarker', last && 'entry' in last ? last.entry.version : undefined],
    ['Delimiter', delimiter === '' ? undefined : encode(delimiter)],
    ['MaxKeys', most],
    ['EncodingType', encodingType],
    ['IsTruncated', page.truncated],
    ...page.lines.flatMap((line) => entry(line, encode)),
    ...commonPrefixes(page.lines, encode),
  ])
}

function markerId(
  context: Context,
  { query }: VerifiedRequest,
  bucket: number,
  key: string,
  version: string,
): number | undefined {
  if (version === '') return undefined
  if (key === '') {
    throw invalidArgument('A version-id marker cannot be specified without a key marker.', 'version-id-marker', version)
  }
  const found = context.versions.named(bucket, key, version)
  if (found) return found.id
  // The version may have been removed since the last page; then the key goes on with the next one.
  if (query.get('version-id-marker') === 'null' || /^[\w-]+$/.test(version)) return undefined
  throw invalidArgument('Invalid version id specified', 'version-id-marker', version)
}

function entry(line: Line<ListedVersion>, encode: ListQuery['encode']): XmlElement[] {
  if ('commonPrefix' in line) return []
  const version = line.entry
  const common: XmlElement[] = [
    ['Key', encode(version.key)],
    ['VersionId', version.version],
    ['IsLatest', version.latest],
    ['LastModified', isoTime(version.modifiedMs)],
  ]
  if (version.marker) return [['DeleteMarker', [...common, ['Owner', OWNER]]]]
  return [
    [
      'Version',
      [
        ...common,
        ['ETag', quoted(version.etag)],
        ['ChecksumAlgorithm', version.checksum?.algorithm],
        ['ChecksumType', version.checksum?.type],
        ['Size', version.size],
        ['StorageClass', version.storageClass],
        ['Owner', OWNER],
      ],
    ],
  ]
}
