import { crc32 } from 'node:zlib'
import type { S3Client } from '@aws-sdk/client-s3'
import { isCofferError, type ErrorCode } from '../base/errors.ts'
import type { CustomerKeyFields, StoredFacts } from '../modes/mode.ts'
import type { HeldUpload, OpenedUpload } from '../store/uploads.ts'
import { saysChecksums } from './checksum.ts'
import { listParts } from './list-parts.ts'
import { lookForOurs } from './lost-answer.ts'
import { expectationOf, type Upload } from './object.ts'

/**
 * Which parts of an upload S3 has as they were sent, with their ETags: those that were written down before they left, with
 * the same size, and the ETag of S3's answer where that came. Null if S3 does not know the upload any more: it was
 * completed or aborted. Throws LIST_INCOMPLETE, and what `send` throws.
 */
export async function partsThere(
  s3: S3Client,
  held: HeldUpload,
  opened: OpenedUpload,
  customerKey: CustomerKeyFields,
  signal: AbortSignal,
): Promise<Map<number, string> | null> {
  const known = held.parts()
  const there = new Map<number, string>()
  try {
    const { bucket, key } = held.saved
    const listed = { bucket, key, uploadId: opened.uploadId, customerKey }
    for await (const { PartNumber, ETag, Size } of listParts(s3, listed, signal)) {
      const part = PartNumber === undefined ? undefined : known.get(PartNumber)
      if (PartNumber === undefined || ETag === undefined || part?.size !== Size) continue
      if (part?.etag === undefined || part.etag === ETag) there.set(PartNumber, ETag)
    }
    return there
  } catch (error) {
    if (isNoUpload(error)) return null
    throw error
  }
}

/** True if S3 says that there is no such upload, or none any more. */
export function isNoUpload(error: unknown): boolean {
  return isCofferError(error) && error.facts.awsCode === 'NoSuchUpload'
}

/**
 * What S3 stores under the key, if it is what this upload would have stored: its completion may have come through without
 * its answer. Client-side content is known by its envelope, which no other object has; other content by its size, metadata,
 * encryption and checksum, for which the source is read. Null if it is not ours, or cannot be told.
 */
export async function findCompleted(
  s3: S3Client,
  request: Upload,
  opened: OpenedUpload,
  signal: AbortSignal,
): Promise<StoredFacts | null> {
  const { sealer } = request.plan
  const crc = sealer === null && (await saysChecksums(s3)) ? await wholeCrc(request, signal) : undefined
  const storedSize = sealer?.sealedSize(request.size) ?? request.size
  const stored = await lookForOurs(s3, expectationOf(request, 'multipart', storedSize, crc), signal).catch(
    (error: unknown) => {
      if (NOT_OURS.some((code) => isCofferError(error, code))) return null
      throw error
    },
  )
  if (stored === null || sealer !== null || opened.serverSideEncryption === undefined) return stored
  const asAsked = stored.serverSideEncryption === opened.serverSideEncryption && stored.kmsKeyId === opened.kmsKeyId
  return asAsked ? stored : null
}

/** There is no object, or it is under a customer key that is not this upload's. */
const NOT_OURS: ErrorCode[] = ['OBJECT_NOT_FOUND', 'CUSTOMER_KEY_NEEDED', 'KEY_WRONG']

async function wholeCrc(request: Upload, signal: AbortSignal): Promise<number> {
  let crc = 0
  for await (const chunk of request.read(signal)) crc = crc32(chunk, crc)
  return crc
}
