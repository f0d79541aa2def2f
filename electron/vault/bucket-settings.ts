import {
  bucketEncryption,
  changeBucketEncryption,
  type BucketEncryption,
  type DefaultEncryption,
  type EncryptionChange,
} from '../cloud/bucket-encryption.ts'
import { bucketVersioning, setBucketVersioning, type Versioning } from '../cloud/bucket-versioning.ts'
import { metadataOf } from '../cloud/kms/keys.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { Vault } from './vault.ts'

/**
 * A setting as the server tells it right after it was changed. `holds` is false if that is not what was asked for: AWS may
 * need minutes until it tells (Amazon S3 User Guide, "Data consistency model": buckets' configurations come to agree
 * eventually), and there are servers that take what they do not know and forget it.
 */
export interface Changed<Setting> {
  now: Setting | null
  holds: boolean
}

/**
 * Changes a bucket's default encryption, its block of SSE-C, or both. A KMS key is looked up first and named by its ARN:
 * an alias would be resolved anew for each writer, in the writer's own account. Throws INVALID_INPUT for choices that do not
 * go together, KMS_* for a key that cannot be used, and what `changeBucketEncryption` throws.
 */
export async function changeEncryption(
  vault: Vault,
  bucket: string,
  { byDefault, blocksCustomerKeys }: EncryptionChange,
  signal: AbortSignal,
): Promise<Changed<BucketEncryption>> {
  const wanted = byDefault && (await withArn(vault, checked(byDefault), signal))
  await changeBucketEncryption(vault.s3, bucket, { byDefault: wanted, blocksCustomerKeys }, signal)
  const now = await bucketEncryption(vault.s3, bucket, signal)
  const isBlocked = blocksCustomerKeys === undefined || now?.blocksCustomerKeys === blocksCustomerKeys
  return { now, holds: isBlocked && (wanted === undefined || isDefault(now, wanted)) }
}

function isDefault(now: BucketEncryption | null, wanted: DefaultEncryption): boolean {
  return (
    now?.algorithm === wanted.algorithm &&
    now.kmsKeyId === wanted.kmsKeyId &&
    now.bucketKeyEnabled === (wanted.bucketKeyEnabled ?? false)
  )
}

function checked(wanted: DefaultEncryption): DefaultEncryption {
  const { algorithm, kmsKeyId, bucketKeyEnabled = false } = wanted
  if (algorithm === 'AES256' && kmsKeyId !== undefined) {
    throw new CofferError('INVALID_INPUT', "SSE-S3 uses S3's own keys, and takes no KMS key.")
  }
  if (algorithm !== 'aws:kms' && bucketKeyEnabled) {
    throw new CofferError('INVALID_INPUT', 'A bucket key goes with SSE-KMS only.')
  }
  return wanted
}

async function withArn({ kms }: Vault, wanted: DefaultEncryption, signal: AbortSignal): Promise<DefaultEncryption> {
  const { kmsKeyId } = wanted
  if (kmsKeyId === undefined) return wanted
  try {
    const { Arn, KeyState } = await metadataOf(kms, kmsKeyId, signal)
    refuseUnusable(kmsKeyId, KeyState)
    return { ...wanted, kmsKeyId: Arn ?? kmsKeyId }
  } catch (error) {
    // Who may not look at a key may still name it, by what cannot mean another key somewhere else.
    const isCertain = kmsKeyId.startsWith('arn:') && !kmsKeyId.includes(':alias/')
    if (isCertain && isCofferError(error, 'KMS_DENIED')) return wanted
    throw error
  }
}

function refuseUnusable(kmsKeyId: string, state: string | undefined): void {
  const facts = { kmsKeyId }
  if (state === 'Disabled') throw new CofferError('KMS_KEY_DISABLED', 'The KMS key is disabled.', { facts })
  if (state === 'PendingDeletion') {
    throw new CofferError('KMS_KEY_PENDING_DELETION', 'The KMS key waits for its deletion and cannot be used.', {
      facts,
    })
  }
}

/** Turns versioning on, or suspends it. Throws what `send` throws. */
export async function changeVersioning(
  { s3 }: Vault,
  bucket: string,
  versioning: 'on' | 'suspended',
  signal: AbortSignal,
): Promise<Changed<Versioning>> {
  await setBucketVersioning(s3, bucket, versioning, signal)
  const now = await bucketVersioning(s3, bucket, signal)
  return { now, holds: now === versioning }
}
