import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import type { WriteWay } from '../cloud/behaviour.ts'
import type { WritePlan } from '../modes/mode.ts'
import type { OpenedUpload, UploadHooks } from './hooks.ts'
import type { Expected } from './lost-answer.ts'

/** One object to be sent. */
export interface Upload {
  bucket: string
  key: string
  /** Plaintext bytes. */
  size: number
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
  plan: Pick<WritePlan, 'encryption' | 'customerKey' | 'metadata' | 'tags' | 'sealer'>
  /** The object's own user metadata and tags; those of the mode come on top. */
  metadata: Record<string, string>
  tags?: Record<string, string> | undefined
  headers?: ObjectHeaders | undefined
  /** `If-None-Match: *`, or `If-Match` with an ETag. Neither: whatever is there is replaced. */
  condition?: Condition | undefined
  /**
   * Asks a server that is not known to keep conditions what the condition says. Throws if it does not hold. Asked right before
   * an upload in parts is completed, and where the server refuses conditions.
   */
  recheck?: (() => Promise<void>) | undefined
  /** An upload in parts that was begun before and goes on: the same content, under the same plan. */
  opened?: OpenedUpload | undefined
}

/** What an object says of itself besides its user metadata. */
export type ObjectHeaders = Pick<
  PutObjectCommandInput,
  | 'ContentType'
  | 'CacheControl'
  | 'ContentDisposition'
  | 'ContentEncoding'
  | 'ContentLanguage'
  | 'Expires'
  | 'WebsiteRedirectLocation'
  | 'StorageClass'
  | 'ObjectLockMode'
  | 'ObjectLockRetainUntilDate'
  | 'ObjectLockLegalHoldStatus'
  | 'GrantFullControl'
  | 'GrantRead'
  | 'GrantReadACP'
  | 'GrantWriteACP'
>

export type Condition = { IfNoneMatch: '*' } | { IfMatch: string }

export interface UploadWatch {
  signal: AbortSignal
  /** Plaintext bytes that S3 has acknowledged, of all. */
  onProgress?: ((done: number, total: number) => void) | undefined
  /** Awaited before each body is sent: the rate limit. */
  throttle?: ((bytes: number) => Promise<void>) | undefined
  hooks?: UploadHooks | undefined
  /** The caller sees to what a failed upload in parts leaves; else it is aborted here. */
  leaveOnFailure?: boolean | undefined
}

/** What PutObject and CreateMultipartUpload have in common. */
export function fieldsOf(request: Upload): Pick<PutObjectCommandInput, 'Bucket' | 'Key' | 'Metadata'> & ObjectHeaders {
  const { bucket, key, metadata, headers, plan } = request
  return { Bucket: bucket, Key: key, Metadata: { ...metadata, ...plan.metadata }, ...headers, ...plan.encryption }
}

export function tagsOf({ tags, plan }: Upload): { own: Record<string, string>; mode: Record<string, string> } {
  return { own: tags ?? {}, mode: plan.tags }
}

export function expectationOf(request: Upload, way: WriteWay, storedSize: number, crc: number | undefined): Expected {
  const { bucket, key, metadata, plan } = request
  return {
    bucket,
    key,
    way,
    customerKey: plan.customerKey,
    metadata: { ...metadata, ...plan.metadata },
    storedSize,
    crc,
    unique: plan.sealer !== null,
  }
}

/** S3 always names the ETag of what it stored. */
export function etagOf({ ETag }: { ETag?: string | undefined }): string {
  if (ETag === undefined) throw new CofferError('SERVER', 'S3 stored the object but did not name its ETag.')
  return ETag
}
