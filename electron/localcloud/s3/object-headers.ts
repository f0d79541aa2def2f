import type { VerifiedRequest } from '../request.ts'
import type { Bucket } from '../storage/buckets.ts'
import type { ObjectChecksum, ObjectVersion } from '../storage/versions.ts'
import { httpTime, quoted } from './answers.ts'
import { attributeHeaders } from './attributes.ts'
import { header } from './context.ts'
import { encryptionAnswer } from './encryption-headers.ts'
import { invalidRequest } from './failures.ts'
import { versionHeader } from './versions.ts'
import type { XmlElement } from './xml.ts'

/** The headers of GET and HEAD that do not depend on the range. */
export function objectHeaders(
  request: VerifiedRequest,
  bucket: Bucket,
  version: ObjectVersion,
): Record<string, string> {
  const { tags, storageClass } = version
  return {
    ...attributeHeaders(version.attributes),
    ...responseOverrides(request),
    etag: quoted(version.etag),
    'last-modified': httpTime(version.modifiedMs),
    'accept-ranges': 'bytes',
    ...versionHeader(bucket, version),
    ...encryptionAnswer(version.envelope, request),
    ...(storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass }),
    ...(tags.length === 0 ? {} : { 'x-amz-tagging-count': String(tags.length) }),
  }
}

const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
]

function responseOverrides({ query }: VerifiedRequest): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const name of OVERRIDES) {
    const value = query.get(`response-${name}`)
    if (value === null) continue
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw invalidRequest(`The value of response-${name} is not valid.`)
    overrides[name] = value
  }
  return overrides
}

/** The checksum's headers, where the client asks for them (x-amz-checksum-mode). */
export function checksumHeaders(request: VerifiedRequest, version: ObjectVersion): Record<string, string> {
  if (header(request, 'x-amz-checksum-mode')?.toUpperCase() !== 'ENABLED' || !version.checksum) return {}
  return checksumAnswer(version.checksum)
}

export function checksumAnswer(checksum: ObjectChecksum | undefined): Record<string, string> {
  if (!checksum) return {}
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}

/** The same as elements of a document, such as ChecksumCRC32. */
export function checksumElements(checksum: ObjectChecksum | undefined): XmlElement[] {
  if (!checksum) return []
  return [
    [`Checksum${checksum.algorithm}`, checksum.value],
    ['ChecksumType', checksum.type],
  ]
}
