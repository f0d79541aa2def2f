import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import type { EncryptionFields, StoredFacts, WritePlan } from '../modes/mode.ts'
import { encryptionDemanded, underDemands } from './demands.ts'
import type { Stored } from './fetch-range.ts'
import { underCondition } from './conditions.ts'
import { taskGroup } from './group.ts'
import { despiteLostUpload } from './lost-create.ts'
import { abortUpload } from './abort-upload.ts'
import { etagOf, type Condition, type ObjectHeaders } from './object.ts'
import { withTagsIfAllowed } from './tagging.ts'

const MiB = 1024 * 1024

/** How much goes by one request. S3 takes parts of 5 MiB to 5 GiB; only the last may be smaller. */
export interface CopySizes {
  /** Objects up to this many bytes are copied by one CopyObject, larger ones in parts. */
  whole: number
  /** Bytes of a part, or more where there would be more than 10,000 of them. */
  part: number
}

/** One CopyObject takes at most 5 GB: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
const SIZES: CopySizes = { whole: 5_000_000_000, part: 512 * MiB }
const COPIES_IN_FLIGHT = 4

/** An object to be copied within S3. */
export interface Copy {
  /** Its `customerKey` is the one that opens it. */
  source: Stored
  bucket: string
  key: string
  plan: Pick<WritePlan, 'encryption' | 'customerKey' | 'tags' | 'sealer'>
  /** All user metadata of the copy. */
  metadata: Record<string, string>
  headers: ObjectHeaders
  /** Its own tags; undefined: whatever the source has, which S3 copies itself. */
  tags: Record<string, string> | undefined
  condition?: Condition | undefined
  /** Asks a server that is not known to keep conditions what the condition says. Throws if it does not hold. */
  recheck?: (() => Promise<void>) | undefined
  /** Told of an upload in parts before anything of it is copied. */
  created?: (upload: { uploadId: string }) => Promise<void>
}

/**
 * Copies an object within S3: nothing of it passes through this computer. Both ends name their encryption, and their
 * customer's key where there is one. Throws CHANGED_WHILE_READ if the source was replaced, or the target under `If-Match`,
 * and what `send` throws.
 */
export async function copyObject(
  s3: S3Client,
  copy: Copy,
  signal: AbortSignal,
  sizes: CopySizes = SIZES,
): Promise<StoredFacts> {
  const { size } = copy.source
  if (size <= sizes.whole) return copyWhole(s3, copy, signal)
  return copyParts(s3, copy, Math.max(sizes.part, Math.ceil(size / 10_000 / MiB) * MiB), signal)
}

function copyWhole(s3: S3Client, copy: Copy, signal: AbortSignal): Promise<StoredFacts> {
  const input = {
    Bucket: copy.bucket,
    Key: copy.key,
    ...sourceFields(copy.source),
    MetadataDirective: 'REPLACE' as const,
    Metadata: copy.metadata,
    ...copy.headers,
    ...copy.plan.encryption,
    ...copy.plan.customerKey,
  }
  return tagged(s3, copy, signal, async (more) => {
    const directive = copy.tags === undefined ? {} : ({ TaggingDirective: 'REPLACE' } as const)
    const answer = await underCondition(s3, copy, (condition) =>
      send(s3, new CopyObjectCommand({ ...input, ...directive, ...more, ...condition }), signal),
    )
    return {
      way: 'copy',
      etag: etagOf(answer.CopyObjectResult ?? {}),
      versionId: answer.VersionId,
      bytes: copy.source.size,
      serverSideEncryption: answer.ServerSideEncryption,
      kmsKeyId: answer.SSEKMSKeyId,
      bucketKeyEnabled: answer.BucketKeyEnabled,
      customerAlgorithm: answer.SSECustomerAlgorithm,
      customerKeyMd5: answer.SSECustomerKeyMD5,
      requestId: answer.$metadata.requestId,
    }
  })
}

/** Own tags are kept or the copy fails; the mode's are best effort. What the bucket demands goes with them. */
function tagged<T>(
  s3: S3Client,
  copy: Copy,
  signal: AbortSignal,
  write: (more: { Tagging?: string } & EncryptionFields) => Promise<T>,
): Promise<T> {
  const tags = { own: copy.tags ?? {}, mode: copy.tags === undefined ? {} : copy.plan.tags }
  return withTagsIfAllowed(tags, (tagging) =>
    underDemands(s3, copy, signal, (demands) => write({ ...tagging, ...encryptionDemanded(copy, demands) })),
  )
}

function sourceFields({ bucket, key, versionId, etag, customerKey }: Stored): {
  CopySource: string
  CopySourceIfMatch: string
} {
  const path = [bucket, ...key.split('/')].map(encodeURIComponent).join('/')
  return {
    CopySource: versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(versionId)}`,
    CopySourceIfMatch: etag,
    ...(customerKey.SSECustomerKey === undefined
      ? {}
      : {
          CopySourceSSECustomerAlgorithm: customerKey.SSECustomerAlgorithm,
          CopySourceSSECustomerKey: customerKey.SSECustomerKey,
          CopySourceSSECustomerKeyMD5: customerKey.SSECustomerKeyMD5,
        }),
  }
}

async function copyParts(s3: S3Client, copy: Copy, bytesAPart: number, signal: AbortSignal): Promise<StoredFacts> {
  const input = {
    Bucket: copy.bucket,
    Key: copy.key,
    Metadata: copy.metadata,
    ...copy.headers,
    ...copy.plan.encryption,
    ...copy.plan.customerKey,
  }
  const created = await tagged(s3, copy, signal, (more) =>
    despiteLostUpload(s3, copy, () => send(s3, new CreateMultipartUploadCommand({ ...input, ...more }), signal)),
  )
  if (created.UploadId === undefined) throw new CofferError('SERVER', 'S3 opened an upload without an id.')
  const upload = { uploadId: created.UploadId, bytesAPart }
  try {
    await copy.created?.(upload)
    const parts = await copyAllParts(s3, copy, upload, signal)
    return await completeCopy(s3, copy, created, parts, signal)
  } catch (error) {
    await abortUpload(s3, { bucket: copy.bucket, key: copy.key, uploadId: created.UploadId })
    throw error
  }
}

async function copyAllParts(
  s3: S3Client,
  copy: Copy,
  { uploadId, bytesAPart }: { uploadId: string; bytesAPart: number },
  outer: AbortSignal,
): Promise<CompletedPart[]> {
  const { size } = copy.source
  const group = taskGroup(COPIES_IN_FLIGHT, outer)
  const parts: CompletedPart[] = []
  try {
    for (let from = 0, number = 1; from < size; from += bytesAPart, number++) {
      const command = new UploadPartCopyCommand({
        Bucket: copy.bucket,
        Key: copy.key,
        UploadId: uploadId,
        PartNumber: number,
        CopySourceRange: `bytes=${from}-${Math.min(size, from + bytesAPart) - 1}`,
        ...sourceFields(copy.source),
        ...copy.plan.customerKey,
      })
      await group.start(async (signal) => {
        const { CopyPartResult } = await send(s3, command, signal)
        parts.push({ PartNumber: number, ETag: etagOf(CopyPartResult ?? {}) })
      })
    }
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
  return parts.sort((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0))
}

async function completeCopy(
  s3: S3Client,
  copy: Copy,
  created: CreateMultipartUploadCommandOutput,
  parts: CompletedPart[],
  signal: AbortSignal,
): Promise<StoredFacts> {
  const input = {
    Bucket: copy.bucket,
    Key: copy.key,
    UploadId: created.UploadId,
    MultipartUpload: { Parts: parts },
    ...copy.plan.customerKey,
  }
  await copy.recheck?.()
  const answer = await underCondition(s3, copy, (condition) =>
    send(s3, new CompleteMultipartUploadCommand({ ...input, ...condition }), signal),
  )
  return {
    way: 'multipart',
    etag: etagOf(answer),
    versionId: answer.VersionId,
    bytes: copy.source.size,
    serverSideEncryption: answer.ServerSideEncryption ?? created.ServerSideEncryption,
    kmsKeyId: answer.SSEKMSKeyId ?? created.SSEKMSKeyId,
    bucketKeyEnabled: answer.BucketKeyEnabled ?? created.BucketKeyEnabled,
    customerAlgorithm: created.SSECustomerAlgorithm,
    requestId: answer.$metadata.requestId,
  }
}
