import { randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import type { VerifiedRequest } from '../request.ts'
import type { Piece } from '../storage/pieces.ts'
import type { Upload } from '../storage/uploads.ts'
import { newObjectId } from '../storage/versions.ts'
import { isoTime, quoted, sendEmpty, sendXml } from './answers.ts'
import { readAttributes, readStorageClass, readTagHeader, refuseUnsupported } from './attributes.ts'
import { bringsChecksum, checksumAlgorithmOf, checksumTypeOf } from './checksum-headers.ts'
import { parseCopyRange } from './conditions.ts'
import { bucketOf, bucketStill, header, keyOf, type Context, type Operation } from './context.ts'
import { findCopySource, openCopySource, sourceVersionHeader } from './copy-source.ts'
import {
  contextAnswer,
  encryptionAnswer,
  issueDataKeys,
  namesCustomerKey,
  openDataKeys,
  requestedEncryption,
} from './encryption-headers.ts'
import { entityTooLarge, invalidArgument, invalidRequest, noSuchUpload } from './failures.ts'
import { checkKey } from './names.ts'
import { describePart } from './describe.ts'
import { blobOf, MOST_BYTES, sealPiece, type PieceOrder } from './store.ts'
import { requireRoom } from './storage-failure.ts'
import type { XmlElement } from './xml.ts'

/** The most parts an upload has, and the highest number of one. */
export const MOST_PARTS = 10_000

/** CreateMultipartUpload: settles the object's data key; every part will be sealed under it. */
export const createMultipartUpload: Operation = async (context, request, response) => {
  const [bucket, key] = [bucketOf(context, request), keyOf(request)]
  checkKey(key)
  refuseUnsupported(request)
  const algorithm = checksumAlgorithmOf(request)
  const checksum = algorithm && { algorithm, type: checksumTypeOf(request, algorithm) }
  const settled = {
    attributes: readAttributes(request),
    tags: readTagHeader(request),
    storageClass: readStorageClass(request),
  }
  const [id, object] = [randomBytes(32).toString('base64url'), newObjectId()]
  const { envelope, keys } = issueDataKeys(context, request, requestedEncryption(request, bucket), object)
  zero(...keys)
  const upload = { id, bucket: bucket.id, key, object, startedMs: Date.now(), checksum, envelope, ...settled }
  await context.database.commit(() => {
    bucketStill(context, bucket)
    context.uploads.create(upload)
  })
  const content: XmlElement[] = [
    ['Bucket', bucket.name],
    ['Key', key],
    ['UploadId', id],
  ]
  sendXml(response, 'InitiateMultipartUploadResult', content, {
    ...encryptionAnswer(envelope, request),
    ...contextAnswer(envelope, request),
    ...(checksum
      ? { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type }
      : undefined),
  })
}

/** The upload a request names, if it is one of this bucket and key. Throws NoSuchUpload. */
export function uploadOf(context: Context, request: VerifiedRequest): Upload {
  const bucket = bucketOf(context, request)
  const id = request.query.get('uploadId') ?? ''
  const upload = context.uploads.find(id)
  if (upload?.bucket !== bucket.id || upload.key !== keyOf(request)) throw noSuchUpload(id)
  return upload
}

/** UploadPart. */
export const uploadPart: Operation = async (context, request, response) => {
  const [upload, number] = [uploadOf(context, request), partNumberOf(request)]
  const bytes = request.contentLength ?? 0
  if (bytes > MOST_BYTES) throw entityTooLarge(bytes, MOST_BYTES)
  await requireRoom(context, bytes)
  // Without a checksum from the client the server computes the one that the upload declared.
  const algorithm = bringsChecksum(request) ? undefined : upload.checksum?.algorithm
  const order = { ...partOrder(context, request, upload, number), algorithm, source: request.body }
  const piece = await sealPiece(context, { ...order, claimed: () => request.checksum() })
  await commitPart(context, upload, piece)
  sendEmpty(response, 200, {
    etag: quoted(piece.etag),
    ...encryptionAnswer(upload.envelope, request),
    ...(piece.checksum
      ? { [`x-amz-checksum-${piece.checksum.algorithm.toLowerCase()}`]: piece.checksum.value }
      : undefined),
  })
}

/** UploadPartCopy: a part from a range of an object. */
export const uploadPartCopy: Operation = async (context, request, response) => {
  const [upload, number] = [uploadOf(context, request), partNumberOf(request)]
  const source = findCopySource(context, request)
  const range = parseCopyRange(header(request, 'x-amz-copy-source-range'), source.version.size)
  if (range.end - range.start > MOST_BYTES) throw entityTooLarge(range.end - range.start, MOST_BYTES)
  await requireRoom(context, range.end - range.start)
  const opened = openCopySource(context, request, source, range)
  try {
    const algorithm = upload.checksum?.algorithm
    const order = { ...partOrder(context, request, upload, number), algorithm, source: opened.bytes }
    const piece = await sealPiece(context, order)
    await commitPart(context, upload, piece)
    const { etag, modifiedMs, checksum } = piece
    const content: XmlElement[] = [
      ['LastModified', isoTime(modifiedMs)],
      ['ETag', quoted(etag)],
      ...(checksum ? [[`Checksum${checksum.algorithm}`, checksum.value] satisfies XmlElement] : []),
    ]
    sendXml(response, 'CopyPartResult', content, {
      ...sourceVersionHeader(source),
      ...encryptionAnswer(upload.envelope, request),
    })
  } finally {
    opened.close()
  }
}

function partNumberOf({ query }: VerifiedRequest): number {
  const given = query.get('partNumber') ?? ''
  const number = /^\d{1,5}$/.test(given) ? Number(given) : 0
  if (number >= 1 && number <= MOST_PARTS) return number
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', given)
}

/** What is settled of a part before its bytes come. */
function partOrder(context: Context, request: VerifiedRequest, upload: Upload, number: number) {
  const { object, envelope, key } = upload
  const target = { bucket: bucketOf(context, request), key, version: 'null', modifiedMs: upload.startedMs }
  const describe: PieceOrder['describe'] = (facts, blob) => describePart(target, object, facts, blob)
  return { object, number, envelope, keys: openPartKeys(context, request, upload), describe }
}

function openPartKeys(context: Context, request: VerifiedRequest, upload: Upload): Buffer[] {
  if (upload.envelope.mode === 'SSE-C' && !namesCustomerKey(request, 'object')) {
    throw invalidRequest(
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    )
  }
  return openDataKeys(context, request, upload)
}

/** Names the part's data, in place of an earlier part of its number. Throws NoSuchUpload if the upload ended meanwhile. */
async function commitPart(context: Context, upload: Upload, piece: Piece): Promise<void> {
  const { database, uploads, pieces, blobs, removals } = context
  const declared = upload.checksum?.algorithm
  const committed = database.commit(() => {
    if (declared && piece.checksum && piece.checksum.algorithm !== declared) {
      throw invalidRequest(
        `Checksum Type mismatch occurred, expected checksum Type: ${declared.toLowerCase()}, actual checksum Type: ${piece.checksum.algorithm.toLowerCase()}`,
      )
    }
    if (!uploads.find(upload.id)) throw noSuchUpload(upload.id)
    pieces.put(upload.object, piece)
  })
  await committed.catch(async (error: unknown) => {
    await blobs.discard(blobOf(piece))
    throw error
  })
  await blobs.publish(blobOf(piece))
  removals.sweepSoon()
}

/** AbortMultipartUpload. */
export const abortMultipartUpload: Operation = async (context, request, response) => {
  const { database, uploads, pieces, removals } = context
  const upload = uploadOf(context, request)
  await database.commit(() => {
    if (!uploads.find(upload.id)) throw noSuchUpload(upload.id)
    uploads.remove(upload.id)
    pieces.drop(upload.object)
  })
  removals.sweepSoon()
  sendEmpty(response, 204)
}
