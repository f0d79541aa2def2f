import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { uploadPart } from '../cloud/wire/wire.ts'
import type { StoredFacts } from '../modes/mode.ts'
import { base64Crc, saysChecksums } from './checksum.ts'
import { abortUpload } from './abort-upload.ts'
import { joinedCrc } from './crc.ts'
import type { Digest } from './digest.ts'
import { underCondition } from './conditions.ts'
import { encryptionDemanded, md5Demanded, underDemands } from './demands.ts'
import { digest } from './digest-thread.ts'
import { taskGroup } from './group.ts'
import type { OpenedUpload, SentPart } from './hooks.ts'
import { despiteLateParts } from './late-parts.ts'
import { despiteLostUpload } from './lost-create.ts'
import { despiteLostAnswer } from './lost-answer.ts'
import { etagOf, expectationOf, fieldsOf, tagsOf, type Upload, type UploadWatch } from './object.ts'
import { partsInFlight, sharedBufferPool } from './parts.ts'
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
  storedSize: number
  opened: OpenedUpload
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
 * later without knowing how it was cut. Whatever goes wrong, the upload is aborted, unless the caller sees to that: S3 bills
 * parts that lie about.
 */
export async function uploadParts(
  s3: S3Client,
  request: Upload,
  sizes: Sizes,
  watch: UploadWatch,
): Promise<StoredFacts> {
  const checksums = await saysChecksums(s3)
  const opened = request.opened ?? (await create(s3, request, sizes.bytesAPart, checksums, watch))
  const open: Open = { s3, request, storedSize: sizes.storedSize, opened, checksums, watch }
  try {
    if (request.opened === undefined) await watch.hooks?.created?.(opened)
    return await complete(open, await sendParts(open))
  } catch (error) {
    if (watch.leaveOnFailure !== true) {
      await abortUpload(s3, { bucket: request.bucket, key: request.key, uploadId: opened.uploadId })
    }
    throw error
  }
}

async function create(
  s3: S3Client,
  request: Upload,
  bytesAPart: number,
  checksums: boolean,
  { hooks, signal }: UploadWatch,
): Promise<OpenedUpload> {
  await hooks?.opening?.({ bytesAPart })
  const input = {
    ...fieldsOf(request),
    ...request.plan.customerKey,
    ...(checksums ? ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const) : {}),
  }
  const created = await withTagsIfAllowed(tagsOf(request), (tagging) =>
    underDemands(s3, request, signal, (demands) => {
      const more = { ...tagging, ...encryptionDemanded(request, demands) }
      const create = new CreateMultipartUploadCommand({ ...input, ...more })
      return despiteLostUpload(s3, request, () => send(s3, create, signal))
    }),
  )
  if (created.UploadId === undefined) throw new CofferError('SERVER', 'S3 opened an upload without an id.')
  return {
    uploadId: created.UploadId,
    bytesAPart,
    serverSideEncryption: created.ServerSideEncryption,
    kmsKeyId: created.SSEKMSKeyId,
    bucketKeyEnabled: created.BucketKeyEnabled,
    customerAlgorithm: created.SSECustomerAlgorithm,
  }
}

async function sendParts(open: Open): Promise<Sent> {
  const { request, watch } = open
  const { bytesAPart } = open.opened
  const inFlight = partsInFlight(bytesAPart)
  const pool = sharedBufferPool(bytesAPart)
  const group = taskGroup(inFlight, watch.signal)
  const sent: Sent = { parts: [], crc: 0 }
  let acknowledged = 0
  try {
    for await (const part of digested(sealParts(request, pool, bytesAPart, group.signal))) {
      sent.crc = joinedCrc(sent.crc, part.digest.crc, part.bytes.length)
      const there = await askJournal(part, watch)
      await group.start(async (signal) => {
        sent.parts.push(there ?? (await sendPart(open, part, signal)))
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

type DigestedPart = Part & { digest: Digest }

/** While one part is hashed, the next is sealed. */
async function* digested(parts: AsyncIterable<Part>): AsyncGenerator<DigestedPart> {
  let ahead: Promise<DigestedPart> | undefined
  for await (const part of parts) {
    const next = digest(part.bytes).then((digest) => ({ ...part, digest }))
    next.catch(() => undefined)
    if (ahead !== undefined) yield await ahead
    ahead = next
  }
  if (ahead !== undefined) yield await ahead
}

/** The part as S3 has it already, if the journal says so; it is asked about one part after the other. */
async function askJournal(
  { number, bytes, digest }: DigestedPart,
  { hooks }: UploadWatch,
): Promise<SentPart | undefined> {
  const etag = await hooks?.beforePart?.({ number, bytes: bytes.length, sha256: Buffer.from(digest.sha256, 'hex') })
  return etag === undefined ? undefined : { number, etag, bytes: bytes.length, crc: digest.crc }
}

async function sendPart(open: Open, part: DigestedPart, signal: AbortSignal): Promise<SentPart> {
  const { s3, request, watch } = open
  const { number, bytes } = part
  const { crc, sha256 } = part.digest
  await watch.throttle?.(bytes.length)
  const input = {
    Bucket: request.bucket,
    Key: request.key,
    UploadId: open.opened.uploadId,
    PartNumber: number,
    ...request.plan.customerKey,
    ...(open.checksums ? ({ ChecksumAlgorithm: 'CRC32', ChecksumCRC32: base64Crc(crc) } as const) : {}),
  }
  const body = { pieces: [bytes], length: bytes.length, sha256 }
  const answer = await underDemands(s3, request, signal, (demands) =>
    uploadPart(s3, { ...input, ...md5Demanded(bytes, demands) }, body, signal),
  )
  const sent = { number, etag: etagOf(answer), bytes: bytes.length, crc }
  await watch.hooks?.afterPart?.(sent)
  return sent
}

function complete({ s3, request, storedSize, opened, checksums, watch }: Open, sent: Sent) {
  const { bucket, key, plan } = request
  const upload = { bucket, key, uploadId: opened.uploadId, customerKey: plan.customerKey }
  const listed = (parts: SentPart[]) =>
    parts.map(({ number, etag, crc }) => ({
      PartNumber: number,
      ETag: etag,
      ...(checksums ? { ChecksumCRC32: base64Crc(crc) } : {}),
    }))
  const input = {
    Bucket: bucket,
    Key: key,
    UploadId: opened.uploadId,
    ...plan.customerKey,
    ...(checksums
      ? ({ ChecksumCRC32: base64Crc(sent.crc), ChecksumType: 'FULL_OBJECT', MpuObjectSize: storedSize } as const)
      : {}),
  }
  const expected = expectationOf(request, 'multipart', storedSize, checksums ? sent.crc : undefined)
  return despiteLostAnswer(s3, expected, watch.signal, async (): Promise<StoredFacts> => {
    // Ceph 16.2 and gofakes3 overlook the condition here, though they keep it at PutObject.
    await request.recheck?.()
    const answer = await despiteLateParts(s3, upload, sent.parts, watch.signal, (parts) =>
      underCondition(s3, request, (condition) => {
        const MultipartUpload = { Parts: listed(parts) }
        return send(s3, new CompleteMultipartUploadCommand({ ...input, MultipartUpload, ...condition }), watch.signal)
      }),
    )
    return {
      way: 'multipart',
      etag: etagOf(answer),
      versionId: answer.VersionId,
      bytes: storedSize,
      serverSideEncryption: answer.ServerSideEncryption ?? opened.serverSideEncryption,
      kmsKeyId: answer.SSEKMSKeyId ?? opened.kmsKeyId,
      bucketKeyEnabled: answer.BucketKeyEnabled ?? opened.bucketKeyEnabled,
      customerAlgorithm: opened.customerAlgorithm,
      requestId: answer.$metadata.requestId,
    }
  })
}
