import { crc32 } from 'node:zlib'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CreateMultipartUploadCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import type { StoredFacts } from '../modes/mode.ts'
import { base64Crc, saysChecksums } from './checksum.ts'
import { abortUpload } from './abort-upload.ts'
import { taskGroup } from './group.ts'
import type { SentPart } from './hooks.ts'
import { despiteLostUpload } from './lost-create.ts'
import { despiteLostAnswer } from './lost-answer.ts'
import { etagOf, expectationOf, fieldsOf, tagsOf, type Upload, type UploadWatch } from './object.ts'
import { bufferPool, partsInFlight } from './parts.ts'
import { sealParts, type Part } from './seal.ts'
import { withTagsIfAllowed } from './tagging.ts'

interface Sizes {
  storedSize: number
  bytesAPart: number
}

/** An upload that S3 has opened. */
interface Open {
  s3: S3Client
  request: Upload
  sizes: Sizes
  uploadId: string
  checksums: boolean
  watch: UploadWatch
}

interface Sent {
  parts: SentPart[]
  /** CRC-32 of the whole stored object. */
  crc: number
}

/**
 * Sends an object in parts. The checksum is of the whole object (ChecksumType FULL_OBJECT), so that anyone can verify it
 * later without knowing how it was cut. Whatever goes wrong, the upload is aborted: S3 bills parts that lie about.
 */
export async function uploadParts(
  s3: S3Client,
  request: Upload,
  sizes: Sizes,
  watch: UploadWatch,
): Promise<StoredFacts> {
  const checksums = await saysChecksums(s3)
  const created = await create(s3, request, checksums, watch.signal)
  if (created.UploadId === undefined) throw new CofferError('SERVER', 'S3 opened an upload without an id.')
  const open: Open = { s3, request, sizes, uploadId: created.UploadId, checksums, watch }
  try {
    await watch.hooks?.created?.({ uploadId: open.uploadId, bytesAPart: sizes.bytesAPart })
    const sent = await sendParts(open)
    const stored = await complete(open, sent, created)
    await watch.hooks?.completed?.()
    return stored
  } catch (error) {
    await abortUpload(s3, { bucket: request.bucket, key: request.key, uploadId: open.uploadId })
    throw error
  }
}

function create(
  s3: S3Client,
  request: Upload,
  checksums: boolean,
  signal: AbortSignal,
): Promise<CreateMultipartUploadCommandOutput> {
  const input = {
    ...fieldsOf(request),
    ...request.plan.customerKey,
    ...(checksums ? ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const) : {}),
  }
  return withTagsIfAllowed(tagsOf(request), (tagging) =>
    despiteLostUpload(s3, request, () => send(s3, new CreateMultipartUploadCommand({ ...input, ...tagging }), signal)),
  )
}

async function sendParts(open: Open): Promise<Sent> {
  const { request, sizes, watch } = open
  const inFlight = partsInFlight(sizes.bytesAPart)
  const pool = bufferPool(sizes.bytesAPart)
  const group = taskGroup(inFlight, watch.signal)
  const sent: Sent = { parts: [], crc: 0 }
  let acknowledged = 0
  try {
    for await (const part of sealParts(request, pool, sizes.bytesAPart, group.signal)) {
      sent.crc = crc32(part.bytes, sent.crc)
      await group.start(async (signal) => {
        sent.parts.push(await sendPart(open, part, signal))
        acknowledged += part.bytes.length
        pool.give(part.buffer)
        watch.onProgress?.(Math.min(acknowledged, request.size), request.size)
      })
    }
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
  sent.parts.sort((one, other) => one.number - other.number)
  return sent
}

async function sendPart(open: Open, part: Part, signal: AbortSignal): Promise<SentPart> {
  const { s3, request, watch } = open
  await watch.hooks?.beforePart?.({ number: part.number, bytes: part.bytes })
  await watch.throttle?.(part.bytes.length)
  const crc = crc32(part.bytes)
  const answer = await send(
    s3,
    new UploadPartCommand({
      Bucket: request.bucket,
      Key: request.key,
      UploadId: open.uploadId,
      PartNumber: part.number,
      Body: part.bytes,
      ContentLength: part.bytes.length,
      ...request.plan.customerKey,
      ...(open.checksums ? { ChecksumAlgorithm: 'CRC32', ChecksumCRC32: base64Crc(crc) } : {}),
    }),
    signal,
  )
  const sent = { number: part.number, etag: etagOf(answer), bytes: part.bytes.length, crc }
  await watch.hooks?.afterPart?.(sent)
  return sent
}

function complete(
  { s3, request, sizes, uploadId, checksums, watch }: Open,
  { parts, crc }: Sent,
  created: CreateMultipartUploadCommandOutput,
): Promise<StoredFacts> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: request.bucket,
    Key: request.key,
    UploadId: uploadId,
    MultipartUpload: {
      Parts: parts.map((part) => ({
        PartNumber: part.number,
        ETag: part.etag,
        ...(checksums ? { ChecksumCRC32: base64Crc(part.crc) } : {}),
      })),
    },
    ...request.plan.customerKey,
    ...request.condition,
    ...(checksums
      ? { ChecksumCRC32: base64Crc(crc), ChecksumType: 'FULL_OBJECT', MpuObjectSize: sizes.storedSize }
      : {}),
  })
  const expected = expectationOf(request, sizes.storedSize, checksums ? crc : undefined)
  return despiteLostAnswer(s3, expected, watch.signal, async () => {
    const answer = await send(s3, command, watch.signal)
    return {
      etag: etagOf(answer),
      versionId: answer.VersionId,
      bytes: sizes.storedSize,
      serverSideEncryption: answer.ServerSideEncryption ?? created.ServerSideEncryption,
      kmsKeyId: answer.SSEKMSKeyId ?? created.SSEKMSKeyId,
      bucketKeyEnabled: answer.BucketKeyEnabled ?? created.BucketKeyEnabled,
      customerAlgorithm: created.SSECustomerAlgorithm,
      requestId: answer.$metadata.requestId,
    }
  })
}
