import { randomBytes } from 'node:crypto'
import { DecryptCommand, DescribeKeyCommand, EncryptCommand } from '@aws-sdk/client-kms'
import { HeadObjectCommand, UpdateObjectEncryptionCommand } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import { send } from '../cloud/send.ts'
import type { StoredFacts } from '../modes/mode.ts'
import { isKmsManaged, KMS_TWO_LAYERS, S3_MANAGED } from '../modes/server-side.ts'
import type { Reading } from './reading.ts'
import type { RekeyRequest, Vault } from './vault.ts'

/**
 * Lets S3 wrap the object's data key anew, from SSE-S3 to KMS or from one KMS key to another, without touching the data
 * (UpdateObjectEncryption). Null where that cannot be: another pair of modes, another server, a permission that is missing;
 * then the object is copied. It cannot be undone on a bucket without versions, so the new key must first show that it
 * decrypts for this person too.
 */
export async function updateInPlace(
  vault: Vault,
  { facts, plan }: Reading,
  { bucket, key, mode, to }: RekeyRequest,
  signal: AbortSignal,
): Promise<{ stored: StoredFacts; journey: Journey } | null> {
  const now = facts.serverSideEncryption
  const from = plan.opener === null && (now === S3_MANAGED || (isKmsManaged(now) && now !== KMS_TWO_LAYERS))
  const plain = to.dsse !== true && Object.keys(to.encryptionContext ?? {}).length === 0
  if (!from || mode !== 'sse-kms' || !plain || !knowsTheRequest(vault)) return null
  try {
    const keyArn = await provenKey(vault, to.key ?? 'alias/aws/s3', signal)
    if (keyArn === null) return null
    const SSEKMS = { KMSKeyArn: keyArn, BucketKeyEnabled: to.bucketKey }
    await send(
      vault.s3,
      new UpdateObjectEncryptionCommand({ Bucket: bucket, Key: key, ObjectEncryption: { SSEKMS } }),
      signal,
    )
    const head = await send(vault.s3, new HeadObjectCommand({ Bucket: bucket, Key: key }), signal)
    const stored = {
      way: 'copy' as const,
      etag: head.ETag ?? facts.etag,
      versionId: head.VersionId,
      bytes: facts.size,
      serverSideEncryption: head.ServerSideEncryption,
      kmsKeyId: head.SSEKMSKeyId,
      bucketKeyEnabled: head.BucketKeyEnabled,
      requestId: head.$metadata.requestId,
    }
    return { stored, journey: journeyTo(stored) }
  } catch (error) {
    if (isCofferError(error) && NOT_HERE.has(error.code)) return null
    throw error
  }
}

const NOT_HERE = new Set(['UNSUPPORTED', 'INVALID_INPUT', 'ACCESS_DENIED', 'KMS_DENIED'])

/**
 * It is a PUT on the object with `?encryption`. A server that does not know it may take it for a plain PUT and replace the
 * object by the request's XML, so only S3 itself and This computer are asked.
 */
function knowsTheRequest({ server }: Vault): boolean {
  return server.kind !== 'foreign'
}

/** The key's ARN, once it has encrypted and decrypted for this person. */
async function provenKey({ kms }: Vault, keyId: string, signal: AbortSignal): Promise<string | null> {
  const { KeyMetadata } = await send(kms, new DescribeKeyCommand({ KeyId: keyId }), signal)
  if (KeyMetadata?.Arn === undefined) return null
  const { Arn } = KeyMetadata
  const { CiphertextBlob } = await send(kms, new EncryptCommand({ KeyId: Arn, Plaintext: randomBytes(16) }), signal)
  await send(kms, new DecryptCommand({ KeyId: Arn, CiphertextBlob }), signal)
  return Arn
}

function journeyTo({ kmsKeyId = '', etag, requestId = '' }: StoredFacts): Journey {
  return [
    {
      actor: 's3',
      act: 'unwrap-data-key',
      text: "S3 decrypts the object's data key as it was wrapped before.",
      facts: {},
      evidence: 'reported',
    },
    {
      actor: 'kms',
      act: 'wrap-data-key',
      text: 'KMS encrypts the same data key under the new KMS key.',
      facts: { keyId: kmsKeyId },
      evidence: 'reported',
    },
    {
      actor: 's3',
      act: 'store',
      text: 'S3 keeps the object as it is, beside the data key that was wrapped anew.',
      facts: { etag, requestId },
      evidence: 'seen',
    },
  ]
}
