import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { AnswerFields } from '../cloud/wire/fields.ts'
import { putObject } from '../cloud/wire/wire.ts'
import type { StoredFacts } from '../modes/mode.ts'
import { base64Crc, saysChecksums } from './checksum.ts'
import { tryConditions, underCondition } from './conditions.ts'
import { encryptionDemanded, md5Demanded, underDemands } from './demands.ts'
import { digest } from './digest-thread.ts'
import { despiteLostAnswer } from './lost-answer.ts'
import { uploadParts } from './multipart.ts'
import { etagOf, expectationOf, fieldsOf, tagsOf, type Condition, type Upload, type UploadWatch } from './object.ts'
import { bufferPool, partSize } from './parts.ts'
import { sealParts } from './seal.ts'
import { withTagsIfAllowed } from './tagging.ts'

/**
 * Reads the source once, seals it and sends it: by one PutObject up to one part, else in parts of which several are in
 * flight. A failure or an abort leaves no upload behind, unless the caller asks for that. Throws CHANGED_WHILE_READ if the
 * source is shorter or longer than it said, ALREADY_EXISTS under `If-None-Match`, and what `send` throws.
 */
export async function upload(s3: S3Client, request: Upload, watch: UploadWatch): Promise<StoredFacts> {
  throwIfAborted(watch.signal)
  const storedSize = request.plan.sealer?.sealedSize(request.size) ?? request.size
  const bytesAPart = request.opened?.bytesAPart ?? partSize(storedSize)
  const stored =
    request.opened === undefined && storedSize <= bytesAPart
      ? await putWhole(s3, request, storedSize, watch)
      : await uploadParts(s3, request, { storedSize, bytesAPart }, watch)
  watch.onProgress?.(request.size, request.size)
  return stored
}

async function putWhole(s3: S3Client, request: Upload, storedSize: number, watch: UploadWatch): Promise<StoredFacts> {
  const { signal } = watch
  const body = await sealWhole(request, storedSize, signal)
  await watch.throttle?.(body.length)
  const digested = await digest(body)
  const crc = (await saysChecksums(s3)) ? digested.crc : undefined
  const input = {
    ...fieldsOf(request),
    ...request.plan.customerKey,
    ...(crc === undefined ? {} : ({ ChecksumAlgorithm: 'CRC32', ChecksumCRC32: base64Crc(crc) } as const)),
  }
  const sent = { pieces: [body], length: body.length, sha256: digested.sha256 }
  const store = (more: Partial<PutObjectCommandInput>): Promise<StoredFacts> =>
    despiteLostAnswer(s3, expectationOf(request, 'put', storedSize, crc), signal, async () => {
      const put = (condition: Condition | undefined): Promise<AnswerFields> =>
        putObject(s3, { ...input, ...more, ...condition }, sent, signal)
      let answer = await underCondition(s3, request, put)
      const { condition, recheck } = request
      if (recheck !== undefined && condition !== undefined && 'IfNoneMatch' in condition) {
        await tryConditions(s3, async () => (answer = await put(condition)))
      }
      return {
        way: 'put',
        etag: etagOf(answer),
        versionId: answer.VersionId,
        bytes: storedSize,
        serverSideEncryption: answer.ServerSideEncryption,
        kmsKeyId: answer.SSEKMSKeyId,
        bucketKeyEnabled: answer.BucketKeyEnabled,
        customerAlgorithm: answer.SSECustomerAlgorithm,
        customerKeyMd5: answer.SSECustomerKeyMD5,
        requestId: answer.$metadata.requestId,
      }
    })
  return withTagsIfAllowed(tagsOf(request), (tagging) =>
    underDemands(s3, request, signal, (demands) =>
      store({ ...tagging, ...md5Demanded(body, demands), ...encryptionDemanded(request, demands) }),
    ),
  )
}

async function sealWhole(request: Upload, storedSize: number, signal: AbortSignal): Promise<Buffer> {
  for await (const part of sealParts(request, bufferPool(storedSize), storedSize + 1, signal)) return part.bytes
  throw new CofferError('INTERNAL', 'Sealing gave no part.')
}
