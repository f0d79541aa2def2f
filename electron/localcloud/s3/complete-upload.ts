import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { zero } from '../../base/bytes.ts'
import { S3Error, type ChecksumAlgorithm, type VerifiedRequest } from '../request.ts'
import type { Bucket } from '../storage/buckets.ts'
import type { Piece } from '../storage/pieces.ts'
import type { Upload } from '../storage/uploads.ts'
import { newVersionId, type Content, type ObjectChecksum, type ObjectVersion } from '../storage/versions.ts'
import { quoted, sendXml } from './answers.ts'
import { ALGORITHMS, objectChecksumHeader } from './checksum-headers.ts'
import { checksumOfParts } from './checksum-parts.ts'
import { bucketOf, header, keyOf, type Context, type Operation } from './context.ts'
import { readDocument } from './documents.ts'
import { encryptionAnswer, namesCustomerKey, openDataKeys } from './encryption-headers.ts'
import { writeManifest, type Target } from './describe.ts'
import { invalidRequest, malformedXml, noSuchUpload, operationAborted } from './failures.ts'
import { checksumElements } from './object-headers.ts'
import { commitObject } from './store.ts'
import { MOST_PARTS, uploadOf } from './multipart.ts'
import { versionHeader } from './versions.ts'

const LEAST_PART_BYTES = 5 * 1024 * 1024

/** A part as the client lists it. */
interface ListedPart {
  number: number
  etag: string
  checksums: Partial<Record<ChecksumAlgorithm, string>>
}

/**
 * CompleteMultipartUpload. The parts stay the files that they are; the object is their list. Repeating a completion gives
 * the same answer.
 */
export const completeMultipartUpload: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const done = findCompleted(context, request, bucket)
  if (done) {
    answer(response, request, bucket, done)
    return
  }
  const upload = uploadOf(context, request)
  if (namesCustomerKey(request, 'object')) zero(...openDataKeys(context, request, upload))
  const listed = await readParts(request)
  const target: Target = { bucket, key: upload.key, version: newVersionId(), modifiedMs: Date.now() }
  const { content, pieces } = contentOf(context, request, upload, listed)
  const manifest = await writeManifest(context, target, content, pieces)
  const version = await commitObject(context, request, target, {
    content: () => {
      // Another request may have replaced a part meanwhile.
      const now = contentOf(context, request, upload, listed)
      if (now.pieces.some(({ blob }, index) => blob !== pieces[index]?.blob)) throw operationAborted()
      return now.content
    },
    rows: (made) => {
      context.uploads.remove(upload.id)
      context.uploads.complete(upload.id, made.id)
      context.pieces.drop(upload.object, new Set(listed.map(({ number }) => number)))
      if (manifest !== undefined) context.pieces.keepManifest(upload.object, manifest)
    },
    files: manifest === undefined ? [] : [manifest],
  })
  answer(response, request, bucket, version)
}

function findCompleted(context: Context, request: VerifiedRequest, bucket: Bucket): ObjectVersion | undefined {
  const id = request.query.get('uploadId') ?? ''
  const versionId = context.uploads.completedAs(id)
  const version = versionId === undefined ? undefined : context.versions.byId(versionId)
  if (!version || version.marker || version.key !== keyOf(request)) return undefined
  return context.versions.named(bucket.id, version.key, version.version)?.id === version.id ? version : undefined
}

function answer(response: ServerResponse, request: VerifiedRequest, bucket: Bucket, version: ObjectVersion): void {
  sendXml(
    response,
    'CompleteMultipartUploadResult',
    [
      [
        'Location',
        `http://${header(request, 'host') ?? 'localhost'}/${bucket.name}/${encodeURIComponent(version.key)}`,
      ],
      ['Bucket', bucket.name],
      ['Key', version.key],
      ['ETag', quoted(version.etag)],
      ...checksumElements(version.checksum),
    ],
    { ...versionHeader(bucket, version), ...encryptionAnswer(version.envelope, request) },
  )
}

async function readParts(request: VerifiedRequest): Promise<ListedPart[]> {
  const parts = (await readDocument(request, 'CompleteMultipartUpload')).all('Part').map((part): ListedPart => {
    const digits = part.one('PartNumber')?.text.trim() ?? ''
    if (!/^\d{1,5}$/.test(digits)) throw malformedXml()
    const number = Number(digits)
    const checksums: ListedPart['checksums'] = {}
    for (const algorithm of ALGORITHMS) {
      const value = part.one(`Checksum${algorithm}`)?.text.trim()
      if (value !== undefined && value !== '') checksums[algorithm] = value
    }
    return { number, etag: (part.one('ETag')?.text ?? '').trim().replace(/^"(.*)"$/, '$1'), checksums }
  })
  if (parts.length === 0 || parts.length > MOST_PARTS) throw malformedXml()
  if (parts.some(({ number }, i) => i > 0 && number <= (parts[i - 1]?.number ?? 0))) {
    throw new S3Error(
      'InvalidPartOrder',
      400,
      'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
    )
  }
  return parts
}

/** Checks the list against the parts that are there, and makes the object of them. */
function contentOf(
  context: Context,
  request: VerifiedRequest,
  upload: Upload,
  listed: ListedPart[],
): { content: Content; pieces: Piece[] } {
  if (!context.uploads.find(upload.id)) throw noSuchUpload(upload.id)
  const uploaded = new Map(context.pieces.list(upload.object).map((piece) => [piece.number, piece]))
  const chosen = listed.map((part) => checkPart(upload, part, uploaded.get(part.number)))
  checkSizes(upload, chosen)
  const size = chosen.reduce((sum, piece) => sum + piece.size, 0)
  const expected = header(request, 'x-amz-mp-object-size')
  if (expected !== undefined && Number(expected) !== size) {
    throw invalidRequest('The provided x-amz-mp-object-size header value does not match the size of the object.')
  }
  const { object, attributes, tags, storageClass, envelope } = upload
  const checksum = checksumOf(request, upload, chosen)
  const etag = etagOfParts(chosen)
  const parts = chosen.length
  return {
    content: { object, size, etag, parts, attributes, tags, storageClass, checksum, envelope },
    pieces: chosen,
  }
}

function checkPart(upload: Upload, listed: ListedPart, piece: Piece | undefined): Piece {
  const { checksum } = piece ?? {}
  const claimed = checksum && listed.checksums[checksum.algorithm]
  if (piece?.etag === listed.etag && (claimed === undefined || claimed === checksum?.value)) return piece
  throw new S3Error(
    'InvalidPart',
    400,
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: upload.id, PartNumber: String(listed.number), ETag: listed.etag },
  )
}

function checkSizes(upload: Upload, pieces: Piece[]): void {
  const small = pieces.slice(0, -1).find(({ size }) => size < LEAST_PART_BYTES)
  if (!small) return
  throw new S3Error('EntityTooSmall', 400, 'Your proposed upload is smaller than the minimum allowed size', {
    ProposedSize: String(small.size),
    MinSizeAllowed: String(LEAST_PART_BYTES),
    PartNumber: String(small.number),
    ETag: small.etag,
    UploadId: upload.id,
  })
}

/** MD5 of the parts' ETags in binary, with their number behind it. */
function etagOfParts(pieces: Piece[]): string {
  const md5 = createHash('md5')
  for (const { etag } of pieces) md5.update(Buffer.from(etag, 'hex'))
  return `${md5.digest('hex')}-${String(pieces.length)}`
}

function checksumOf(request: VerifiedRequest, upload: Upload, pieces: Piece[]): ObjectChecksum | undefined {
  if (!upload.checksum) return undefined
  const { algorithm, type } = upload.checksum
  const askedType = header(request, 'x-amz-checksum-type')?.toUpperCase()
  if (askedType !== undefined && askedType !== type) {
    throw invalidRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    )
  }
  const parts = pieces.map(({ size, checksum }) => ({ size, value: checksum?.value ?? '' }))
  const value = checksumOfParts(algorithm, type, parts)
  const claimed = objectChecksumHeader(request)
  if (claimed?.algorithm === algorithm && claimed.value !== value && claimed.value !== value.replace(/-\d+$/, '')) {
    throw new S3Error('BadDigest', 400, `The ${algorithm} you specified did not match the calculated checksum.`)
  }
  return { algorithm, type, value }
}
