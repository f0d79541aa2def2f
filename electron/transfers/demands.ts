import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'
import { demandMemory, type BucketDemands } from '../cloud/bucket-demands.ts'
import { asksForMd5 } from '../cloud/middleware/content-md5.ts'
import { bucketEncryption } from '../cloud/bucket-encryption.ts'
import type { EncryptionFields, WritePlan } from '../modes/mode.ts'

/** A write, as far as a bucket may demand more of it. */
interface Write {
  bucket: string
  plan: Pick<WritePlan, 'encryption' | 'sealer'>
}

/** Buckets that refused each header as well: it is not what they demand. */
const hopeless = new WeakMap<S3Client, Set<string>>()

/**
 * Runs a write, and again with what the bucket turns out to demand of each: its refusal says so. What helps is remembered,
 * so that a bucket is asked once. Throws the first refusal if nothing helps.
 */
export async function underDemands<T>(
  s3: S3Client,
  request: Write,
  signal: AbortSignal,
  write: (demands: BucketDemands) => Promise<T>,
): Promise<T> {
  const memory = demandMemory(s3)
  const known = memory.get(request.bucket)
  const more = search(s3, request, signal)
  let demands = known
  let first: unknown
  for (;;) {
    try {
      const result = await write(demands)
      if (demands !== known) memory.set(request.bucket, demands)
      return result
    } catch (error) {
      const next = await more(demands, error)
      if (next === null) throw explained(request, first ?? error)
      first ??= error
      demands = next
    }
  }
}

/** Finds what may help after each refusal; null if nothing is left to try. */
function search(s3: S3Client, request: Write, signal: AbortSignal) {
  const tried = new Set<string | undefined>()
  return async (demands: BucketDemands, error: unknown): Promise<BucketDemands | null> => {
    if (!isCofferError(error)) return null
    const { awsCode = '', serverMessage = '' } = error.facts
    if (demands.contentMd5 !== true && asksForMd5(awsCode, serverMessage)) return { ...demands, contentMd5: true }
    if (!DENIALS.has(error.code) || !isSealedAlone(request) || isHopeless(s3, request.bucket)) return null
    // Before anything of this kind was tried, only a denial of the write itself is a reason to.
    if (demands.encryption === undefined && error.code !== 'ACCESS_DENIED') return null
    tried.add(demands.encryption)
    const wish = [await ruleOf(s3, request.bucket, signal), AES256].find(({ encryption }) => !tried.has(encryption))
    if (wish === undefined) giveUp(s3, request.bucket)
    return wish === undefined ? null : { contentMd5: demands.contentMd5, ...wish }
  }
}

const DENIALS = new Set<ErrorCode>(['ACCESS_DENIED', 'KMS_DENIED', 'KMS_KEY_DISABLED', 'KMS_KEY_NOT_FOUND'])

function isHopeless(s3: S3Client, bucket: string): boolean {
  return hopeless.get(s3)?.has(bucket) === true
}

function giveUp(s3: S3Client, bucket: string): void {
  hopeless.set(s3, (hopeless.get(s3) ?? new Set()).add(bucket))
}

/** Encrypted here, and S3 is not asked to do it once more. */
function isSealedAlone({ plan: { sealer, encryption } }: Write): boolean {
  return sealer !== null && encryption.ServerSideEncryption === undefined
}

const AES256: BucketDemands = { encryption: 'AES256' }

/** The bucket's own rule; its policy mostly demands the same. */
async function ruleOf(s3: S3Client, bucket: string, signal: AbortSignal): Promise<BucketDemands> {
  const { algorithm, kmsKeyId } = (await bucketEncryption(s3, bucket, signal).catch(() => null)) ?? {}
  return algorithm === 'aws:kms' || algorithm === 'aws:kms:dsse' ? { encryption: algorithm, kmsKeyId } : AES256
}

/** A refusal of a file that is encrypted here, with the way to name what the policy may demand. */
function explained(request: Write, error: unknown): unknown {
  if (!isCofferError(error, 'ACCESS_DENIED') || !isSealedAlone(request)) return error
  const hint = `${error.hint} If its policy demands that S3 encrypts each object as well, say how: --sse ALGORITHM.`
  return new CofferError(error.code, error.message, { hint, facts: error.facts, cause: error.cause })
}

/** Fields of a write that S3 is to encrypt as well. */
export function encryptionDemanded(
  { plan: { encryption } }: Write,
  demands: BucketDemands,
): Pick<EncryptionFields, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
  const isAsked = encryption.ServerSideEncryption !== undefined || encryption.SSECustomerKey !== undefined
  if (isAsked || demands.encryption === undefined) return {}
  const { kmsKeyId } = demands
  return {
    ServerSideEncryption: demands.encryption,
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
  }
}

/** The field of a body whose MD5 the bucket demands. MD5 protects nothing here: it is what the server asks for. */
export function md5Demanded(body: Uint8Array, { contentMd5 }: BucketDemands): { ContentMD5?: string } {
  return contentMd5 === true ? { ContentMD5: createHash('md5').update(body).digest('base64') } : {}
}
