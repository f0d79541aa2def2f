import type { Piece } from '../storage/pieces.ts'
import type { Upload } from '../storage/uploads.ts'
import { isoTime, quoted, sendXml } from './answers.ts'
import { OWNER } from './buckets.ts'
import { bucketOf, numberFrom, type Operation } from './context.ts'
import { readListQuery, type ListQuery } from './list-objects.ts'
import { uploadOf } from './multipart.ts'
import type { XmlElement } from './xml.ts'

const MOST = 1000

/** ListParts. */
export const listParts: Operation = (context, request, response) => {
  const upload = uploadOf(context, request)
  const after = numberFrom(request.query, 'part-number-marker', 0, 10_000)
  const most = numberFrom(request.query, 'max-parts', MOST, MOST)
  const rest = context.pieces.list(upload.object).filter(({ number }) => number > after)
  const page = rest.slice(0, most)
  const truncated = rest.length > page.length
  sendXml(response, 'ListPartsResult', [
    ['Bucket', request.bucket],
    ['Key', upload.key],
    ['UploadId', upload.id],
    ['Initiator', OWNER],
    ['Owner', OWNER],
    ['StorageClass', upload.storageClass],
    ['ChecksumAlgorithm', upload.checksum?.algorithm],
    ['ChecksumType', upload.checksum?.type],
    ['PartNumberMarker', after],
    ['NextPartNumberMarker', page.at(-1)?.number ?? after],
    ['MaxParts', most],
    ['IsTruncated', truncated],
    ...page.map((piece): XmlElement => ['Part', part(piece)]),
  ])
}

function part({ number, modifiedMs, etag, size, checksum }: Piece): XmlElement[] {
  return [
    ['PartNumber', number],
    ['LastModified', isoTime(modifiedMs)],
    ['ETag', quoted(etag)],
    ['Size', size],
    ...(checksum ? [[`Checksum${checksum.algorithm}`, checksum.value] satisfies XmlElement] : []),
  ]
}

/** ListMultipartUploads, by key and then by upload id. */
export const listMultipartUploads: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  const { prefix, delimiter, encode, encodingType } = readListQuery(request)
  const most = numberFrom(request.query, 'max-uploads', MOST, MOST)
  const keyMarker = request.query.get('key-marker') ?? ''
  const idMarker = request.query.get('upload-id-marker') ?? ''
  const listed = context.uploads.list(bucket.id, prefix, keyMarker, idMarker === '' ? undefined : idMarker)
  const page = takeUploads(listed, prefix, delimiter, keyMarker, most)
  sendXml(response, 'ListMultipartUploadsResult', [
    ['Bucket', bucket.name],
    ['KeyMarker', encode(keyMarker)],
    ['UploadIdMarker', idMarker],
    ['NextKeyMarker', page.truncated ? encode(page.lastKey) : undefined],
    ['NextUploadIdMarker', page.truncated ? page.lastId : undefined],
    ['Prefix', encode(prefix)],
    ['Delimiter', delimiter === '' ? undefined : encode(delimiter)],
    ['EncodingType', encodingType],
    ['MaxUploads', most],
    ['IsTruncated', page.truncated],
    ...page.uploads.map((upload) => uploadElement(upload, encode)),
    ...page.prefixes.map((found): XmlElement => ['CommonPrefixes', [['Prefix', encode(found)]]]),
  ])
}

interface UploadPage {
  uploads: Upload[]
  prefixes: string[]
  truncated: boolean
  lastKey: string
  lastId: string
}

/** Uploads under way are few: grouping them needs no seeking. */
function takeUploads(
  listed: Iterable<Upload>,
  prefix: string,
  delimiter: string,
  keyMarker: string,
  most: number,
): UploadPage {
  const page: UploadPage = { uploads: [], prefixes: [], truncated: false, lastKey: '', lastId: '' }
  for (const upload of listed) {
    const group = commonPrefix(upload.key, prefix, delimiter)
    if (group !== undefined && (group === page.prefixes.at(-1) || group === keyMarker)) continue
    if (page.uploads.length + page.prefixes.length >= most) return { ...page, truncated: most > 0 }
    if (group === undefined) page.uploads.push(upload)
    else page.prefixes.push(group)
    page.lastKey = group ?? upload.key
    page.lastId = group === undefined ? upload.id : ''
  }
  return page
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const found = key.indexOf(delimiter, prefix.length)
  return found === -1 ? undefined : key.slice(0, found + delimiter.length)
}

function uploadElement(upload: Upload, encode: ListQuery['encode']): XmlElement {
  return [
    'Upload',
    [
      ['Key', encode(upload.key)],
      ['UploadId', upload.id],
      ['Initiator', OWNER],
      ['Owner', OWNER],
      ['StorageClass', upload.storageClass],
      ['Initiated', isoTime(upload.startedMs)],
      ['ChecksumAlgorithm', upload.checksum?.algorithm],
      ['ChecksumType', upload.checksum?.type],
    ],
  ]
}
