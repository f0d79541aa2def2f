import { zero } from '../../base/bytes.ts'
import type { VerifiedRequest } from '../request.ts'
import type { Piece } from '../storage/pieces.ts'
import type { ObjectVersion } from '../storage/versions.ts'
import { httpTime, sendXml } from './answers.ts'
import { bucketOf, header, type Operation } from './context.ts'
import { openDataKeys, refuseEncryptionHeader } from './encryption-headers.ts'
import { invalidArgument } from './failures.ts'
import { checksumElements } from './object-headers.ts'
import { readableObject, versionHeader } from './versions.ts'
import type { XmlElement } from './xml.ts'

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

/** GetObjectAttributes. */
export const getObjectAttributes: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  refuseEncryptionHeader(request)
  const wanted = readWanted(request)
  const version = readableObject(context, request, response, bucket)
  if (version.envelope.mode === 'SSE-C') zero(...openDataKeys(context, request, version))
  const pieces = wanted.has('ObjectParts') && version.parts > 0 ? context.pieces.list(version.object) : undefined
  const content: XmlElement[] = [
    ['ETag', wanted.has('ETag') ? version.etag : undefined],
    ['Checksum', wanted.has('Checksum') && version.checksum ? checksumElements(version.checksum) : undefined],
    ['ObjectParts', pieces && parts(request, version, pieces)],
    ['StorageClass', wanted.has('StorageClass') ? version.storageClass : undefined],
    ['ObjectSize', wanted.has('ObjectSize') ? version.size : undefined],
  ]
  sendXml(response, 'GetObjectAttributesResponse', content, {
    'last-modified': httpTime(version.modifiedMs),
    ...versionHeader(bucket, version),
  })
}

function readWanted(request: VerifiedRequest): Set<string> {
  const given = header(request, 'x-amz-object-attributes') ?? ''
  const names = given.split(',').map((name) => name.trim())
  if (names.every((name) => ATTRIBUTES.includes(name))) return new Set(names)
  throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', given)
}

/** As on AWS, the parts themselves are told only of objects with checksums. */
function parts(request: VerifiedRequest, version: ObjectVersion, pieces: Piece[]): XmlElement[] {
  const total: XmlElement = ['PartsCount', version.parts]
  if (!version.checksum) return [total]
  const after = Number(header(request, 'x-amz-part-number-marker') ?? 0)
  const most = Math.min(1000, Number(header(request, 'x-amz-max-parts') ?? 1000))
  const rest = pieces.filter(({ number }) => number > after)
  const page = rest.slice(0, most)
  return [
    total,
    ['PartNumberMarker', after],
    ['NextPartNumberMarker', page.at(-1)?.number ?? after],
    ['MaxParts', most],
    ['IsTruncated', rest.length > page.length],
    ...page.map(({ number, size, checksum }): XmlElement => [
      'Part',
      [
        ['PartNumber', number],
        ['Size', size],
        ...(checksum ? [[`Checksum${checksum.algorithm}`, checksum.value] satisfies XmlElement] : []),
      ],
    ]),
  ]
}
