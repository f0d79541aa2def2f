import { ACCOUNT } from '../account.ts'
import { S3Error, type VerifiedRequest } from '../request.ts'
import type { Attributes, Tag } from '../storage/versions.ts'
import { header } from './context.ts'
import { accessDenied, invalidArgument, invalidRequest, notImplemented } from './failures.ts'

const STORED_HEADERS = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-website-redirect-location',
]
const META = 'x-amz-meta-'
const MOST_METADATA_BYTES = 2048
const STORAGE_CLASSES = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
])

/** What a write gives its object besides the bytes. Header values stay the bytes that came (latin1). Throws MetadataTooLarge. */
export function readAttributes(request: VerifiedRequest): Attributes {
  const headers: Record<string, string> = {}
  for (const name of STORED_HEADERS) {
    const value = name === 'content-encoding' ? contentEncoding(request) : header(request, name)
    if (value !== undefined && value !== '') headers[name] = value
  }
  headers['content-type'] ??= 'binary/octet-stream'
  return { headers, metadata: readMetadata(request) }
}

/** aws-chunked tells how the request was sent and is no property of the object. */
function contentEncoding(request: VerifiedRequest): string | undefined {
  return header(request, 'content-encoding')
    ?.split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked')
    .join(',')
}

function readMetadata(request: VerifiedRequest): Record<string, string> {
  const names = Object.keys(request.headers).filter((name) => name.startsWith(META))
  const metadata = names.map((name): [string, string] => [name.slice(META.length), header(request, name) ?? ''])
  const bytes = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  // Not by assignment, under which a name like __proto__ would vanish.
  if (bytes <= MOST_METADATA_BYTES) return Object.fromEntries(metadata)
  throw new S3Error('MetadataTooLarge', 400, 'Your metadata headers exceed the maximum allowed metadata size', {
    Size: String(bytes),
    MaxSizeAllowed: String(MOST_METADATA_BYTES),
  })
}

/** The answer's headers for an object's attributes. */
export function attributeHeaders({ headers, metadata }: Attributes): Record<string, string> {
  const answer = { ...headers }
  for (const [name, value] of Object.entries(metadata)) answer[META + name] = value
  return answer
}

/** The storage class a write asks for. It is kept and shown; all bytes rest in one place here. Throws InvalidStorageClass. */
export function readStorageClass(request: VerifiedRequest): string {
  const asked = header(request, 'x-amz-storage-class') ?? 'STANDARD'
  if (STORAGE_CLASSES.has(asked)) return asked
  throw new S3Error('InvalidStorageClass', 400, 'The storage class you specified is not valid')
}

const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** Tags of the x-amz-tagging header, which is a query string. Throws InvalidArgument, InvalidTag. */
export function readTagHeader(request: VerifiedRequest): Tag[] {
  const given = header(request, 'x-amz-tagging')
  return given === undefined ? [] : checkTags([...new URLSearchParams(given)])
}

/** Limits of object tags (Amazon S3 user guide, "Categorizing your objects using tags"). Throws BadRequest, InvalidTag. */
export function checkTags(tags: Tag[]): Tag[] {
  if (tags.length > 10) throw new S3Error('BadRequest', 400, 'Object tags cannot be greater than 10')
  const seen = new Set<string>()
  for (const [key, value] of tags) {
    if (key === '' || key.length > 128 || !TAG_TEXT.test(key))
      throw invalidTag('The TagKey you have provided is invalid')
    if (value.length > 256 || !TAG_TEXT.test(value)) throw invalidTag('The TagValue you have provided is invalid')
    if (seen.has(key)) throw invalidTag('Cannot provide multiple Tags with the same key')
    seen.add(key)
  }
  return tags
}

function invalidTag(message: string): S3Error {
  return new S3Error('InvalidTag', 400, message)
}

/** Refuses what a write may ask for and this S3 does not have, rather than pretend. */
export function refuseUnsupported(request: VerifiedRequest): void {
  const acl = header(request, 'x-amz-acl')
  if (acl !== undefined && acl !== 'private' && acl !== 'bucket-owner-full-control') throw aclNotSupported()
  const names = Object.keys(request.headers)
  if (names.some((name) => name.startsWith('x-amz-grant-'))) throw aclNotSupported()
  if (names.some((name) => name.startsWith('x-amz-object-lock-'))) {
    throw invalidRequest('Bucket is missing Object Lock Configuration')
  }
  if (request.headers['x-amz-write-offset-bytes'] !== undefined) {
    throw notImplemented('A header you provided implies functionality that is not implemented')
  }
}

export function aclNotSupported(): S3Error {
  return new S3Error('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs')
}

/** Everything here belongs to one account. Throws AccessDenied where a request expects another. */
export function checkExpectedOwner(request: VerifiedRequest): void {
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const expected = header(request, name)
    if (expected === undefined || expected === ACCOUNT) continue
    if (!/^\d{12}$/.test(expected))
      throw invalidArgument('The value of the expected bucket owner parameter must be an AWS Account ID', name)
    throw accessDenied()
  }
}
