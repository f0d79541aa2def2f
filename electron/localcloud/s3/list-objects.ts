import type { VerifiedRequest } from '../request.ts'
import type { Line, ListedObject } from '../storage/listing.ts'

import { isoTime, quoted, sendXml } from './answers.ts'
import { OWNER } from './buckets.ts'
import { bucketOf, numberFrom, type Operation } from './context.ts'
import { invalidArgument } from './failures.ts'
import type { XmlElement } from './xml.ts'

const MOST_KEYS = 1000

/** What all listings are asked alike. */
export interface ListQuery {
  prefix: string
  delimiter: string
  most: number
  /** Writes a key, prefix or marker as the client asked for it (encoding-type). */
  encode: (text: string) => string
  encodingType: string | undefined
}

export function readListQuery({ query }: VerifiedRequest): ListQuery {
  const encodingType = query.get('encoding-type') ?? undefined
  if (encodingType !== undefined && encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType)
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    most: numberFrom(query, 'max-keys', MOST_KEYS, MOST_KEYS),
    encode: encodingType === 'url' ? urlEncode : (text) => text,
    encodingType,
  }
}

/** As S3 encodes keys: slashes stay; a plus sign never means a space. */
function urlEncode(text: string): string {
  if (/^[\w./~-]*$/.test(text)) return text
  return encodeURIComponent(text)
    .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
}

export interface Page<T> {
  lines: Line<T>[]
  truncated: boolean
}

/** Takes a page off a lazy listing and looks whether there is more. */
export function takePage<T>(listing: Iterable<Line<T>>, most: number): Page<T> {
  const lines: Line<T>[] = []
  if (most === 0) return { lines, truncated: false }
  for (const line of listing) {
    if (lines.length === most) return { lines, truncated: true }
    lines.push(line)
  }
  return { lines, truncated: false }
}

export function commonPrefixes(lines: Line<unknown>[], encode: ListQuery['encode']): XmlElement[] {
  return lines.flatMap((line): XmlElement[] =>
    'commonPrefix' in line ? [['CommonPrefixes', [['Prefix', encode(line.commonPrefix)]]]] : [],
  )
}

/** ListObjectsV2. */
export const listObjectsV2: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  const { prefix, delimiter, most, encode, encodingType } = readListQuery(request)
  const token = request.query.get('continuation-token')
  const startAfter = request.query.get('start-after') ?? ''
  const after = token === null ? startAfter : readToken(token)
  const page = takePage(context.listing.objects({ bucket: bucket.id, prefix, delimiter, after }), most)
  const withOwner = request.query.get('fetch-owner') === 'true'
  sendXml(response, 'ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encode(prefix)],
    ['Delimiter', delimiter === '' ? undefined : encode(delimiter)],
    ['StartAfter', startAfter === '' ? undefined : encode(startAfter)],
    ['ContinuationToken', token ?? undefined],
    ['NextContinuationToken', page.truncated ? writeToken(lastName(page)) : undefined],
    ['KeyCount', page.lines.length],
    ['MaxKeys', most],
    ['EncodingType', encodingType],
    ['IsTruncated', page.truncated],
    ...contents(page.lines, encode, withOwner),
    ...commonPrefixes(page.lines, encode),
  ])
}

/** ListObjects, the first version of it. */
export const listObjectsV1: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  const { prefix, delimiter, most, encode, encodingType } = readListQuery(request)
  const marker = request.query.get('marker') ?? ''
  const page = takePage(context.listing.objects({ bucket: bucket.id, prefix, delimiter, after: marker }), most)
  sendXml(response, 'ListBucketResult', [
    ['Name', bucket.name],
    ['Prefix', encode(prefix)],
    ['Marker', encode(marker)],
    ['NextMarker', page.truncated && delimiter !== '' ? encode(lastName(page)) : undefined],
    ['Delimiter', delimiter === '' ? undefined : encode(delimiter)],
    ['MaxKeys', most],
    ['EncodingType', encodingType],
    ['IsTruncated', page.truncated],
    ...contents(page.lines, encode, true),
    ...commonPrefixes(page.lines, encode),
  ])
}

function contents(lines: Line<ListedObject>[], encode: ListQuery['encode'], withOwner: boolean): XmlElement[] {
  return lines.flatMap((line): XmlElement[] => {
    if ('commonPrefix' in line) return []
    const { key, modifiedMs, etag, checksum, size, storageClass } = line.entry
    return [
      [
        'Contents',
        [
          ['Key', encode(key)],
          ['LastModified', isoTime(modifiedMs)],
          ['ETag', quoted(etag)],
          ['ChecksumAlgorithm', checksum?.algorithm],
          ['ChecksumType', checksum?.type],
          ['Size', size],
          ['Owner', withOwner ? OWNER : undefined],
          ['StorageClass', storageClass],
        ],
      ],
    ]
  })
}

function lastName({ lines }: Page<ListedObject>): string {
  const last = lines.at(-1)
  if (!last) return ''
  return 'commonPrefix' in last ? last.commonPrefix : last.entry.key
}

const TOKEN_VERSION = '1'

function writeToken(after: string): string {
  return Buffer.from(TOKEN_VERSION + after).toString('base64url')
}

function readToken(token: string): string {
  const decoded = Buffer.from(token, 'base64url').toString()
  if (decoded.startsWith(TOKEN_VERSION)) return decoded.slice(TOKEN_VERSION.length)
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token)
}
