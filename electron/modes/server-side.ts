import type { Journey, JourneyStep } from '../base/journey.ts'
import type { ObjectFacts, StoredFacts } from './mode.ts'
import { reported, seen, type Facts } from './steps.ts'

export const S3_MANAGED = 'AES256'
export const KMS_MANAGED = 'aws:kms'
export const KMS_TWO_LAYERS = 'aws:kms:dsse'

/** True for both values with which S3 reports a KMS key. */
export function isKmsManaged(serverSideEncryption: string | undefined): boolean {
  return serverSideEncryption === KMS_MANAGED || serverSideEncryption === KMS_TWO_LAYERS
}

/** What a read asks of S3 and what S3 answers. */
export interface Fetched {
  bytes?: number | undefined
  requestId?: string | undefined
}

/** What a write asked S3 for. */
interface Asked {
  algorithm?: string | undefined
  encryptionContext?: Record<string, string> | undefined
}

/**
 * The whole journey of a write that S3 encrypts, as S3's own answer tells it, whatever was asked for. Where that is only a
 * claim, it tells what was asked.
 */
export function serverWrite(stored: StoredFacts, asked: Asked = {}): Journey {
  return [sent(stored), ...serverWriteSteps(stored, asked)]
}

/** The whole journey of a read that S3 decrypts. */
export function serverRead(facts: ObjectFacts, fetched: Fetched): Journey {
  return [
    seen('computer', 'fetch', 'This computer asks S3 for the object.', { versionId: facts.versionId }),
    ...serverReadSteps(facts),
    returned(facts, fetched),
  ]
}

export function sent({ bytes }: { bytes: number }): JourneyStep {
  return seen('computer', 'send', 'This computer sends the file to S3.', { bytes })
}

export function returned(facts: ObjectFacts, { bytes, requestId }: Fetched): JourneyStep {
  const encrypted =
    facts.serverSideEncryption !== undefined || facts.needsCustomerKey || facts.customerKeyId !== undefined
  const sizeKnown = !facts.needsCustomerKey || facts.customerKeyId !== undefined
  const isDecrypted = encrypted && facts.isClaim !== true
  return seen('s3', 'send', `S3 sends the ${isDecrypted ? 'decrypted ' : ''}object back to this computer.`, {
    bytes: bytes ?? (sizeKnown ? facts.size : undefined),
    requestId,
  })
}

/** S3's acknowledgement; `text` says what lies beside the object. */
export function acknowledged({ etag, versionId, bytes, requestId }: StoredFacts, text: string): JourneyStep {
  return seen('s3', 'store', text, { etag, versionId, bytes, requestId })
}

function serverWriteSteps(stored: StoredFacts, { algorithm, encryptionContext }: Asked): Journey {
  const { serverSideEncryption, kmsKeyId } = stored
  if (stored.isClaim === true && serverSideEncryption !== undefined) {
    return claimedWrite(stored, algorithm !== undefined, { algorithm: serverSideEncryption, keyId: kmsKeyId })
  }
  if (serverSideEncryption === S3_MANAGED) return s3ManagedWrite(stored)
  if (isKmsManaged(serverSideEncryption)) return kmsManagedWrite(stored, encryptionContext)
  if (algorithm === undefined) return [acknowledged(stored, 'S3 stores the object and reports no encryption.')]
  return [acknowledged(stored, 'This computer asked S3 to encrypt the object; S3 stores it and reports no encryption.')]
}

/** The steps of a write to a server that is not known to tell the truth: what it was asked to do, and what it says. */
export function claimedWrite(stored: StoredFacts, wasAsked: boolean, facts: Facts): Journey {
  const says = 'S3 says that it did; nothing here proves it.'
  const text = wasAsked
    ? `This computer asked S3 to encrypt the object. ${says}`
    : 'S3 says that it encrypts the object by itself; nothing here proves it.'
  return [reported('s3', 'encrypt', text, facts), acknowledged(stored, 'S3 stores the object.')]
}

function s3ManagedWrite(stored: StoredFacts): Journey {
  return [
    reported('s3', 'make-data-key', 'S3 makes a fresh plain data key for this object.'),
    reported('s3', 'encrypt', 'S3 encrypts the object with the plain data key.', { algorithm: S3_MANAGED }),
    reported('s3', 'wrap-data-key', "S3 encrypts the plain data key with S3's own master key."),
    acknowledged(stored, 'S3 stores the encrypted object with the encrypted data key.'),
    reported('s3', 'forget', 'S3 removes the plain data key from its memory.'),
  ]
}

function kmsManagedWrite(stored: StoredFacts, encryptionContext?: Record<string, string>): Journey {
  const twoLayers = stored.serverSideEncryption === KMS_TWO_LAYERS
  return [
    ...(stored.bucketKeyEnabled ? bucketKeyIssued(stored.kmsKeyId) : dataKeyIssued(stored.kmsKeyId, encryptionContext)),
    reported(
      's3',
      'encrypt',
      `S3 encrypts the object with the plain data key${twoLayers ? ', in two layers, each under a key of its own' : ''}.`,
      { algorithm: stored.serverSideEncryption },
    ),
    acknowledged(stored, 'S3 stores the encrypted object with the encrypted data key.'),
    reported('s3', 'forget', 'S3 removes the plain data key from its memory.'),
  ]
}

function dataKeyIssued(keyId: string | undefined, context: Record<string, string> = {}): Journey {
  const encryptionContext = Object.keys(context).length > 0 ? JSON.stringify(context) : undefined
  return [
    reported('s3', 'request-data-key', 'S3 asks KMS for a data key under the KMS key.', { keyId, encryptionContext }),
    reported(
      'kms',
      'issue-data-key',
      'KMS makes a data key and gives it to S3 twice: plain, and encrypted under the KMS key.',
      {
        keyId,
      },
    ),
  ]
}

function bucketKeyIssued(keyId: string | undefined): Journey {
  return [
    reported('s3', 'request-data-key', 'S3 asks KMS for a bucket key under the KMS key, unless it still holds one.', {
      keyId,
    }),
    reported('kms', 'issue-data-key', 'KMS gives S3 the bucket key twice: plain, and encrypted under the KMS key.', {
      keyId,
    }),
    reported('s3', 'make-data-key', "S3 makes this object's data key and encrypts it with the bucket key."),
  ]
}

function serverReadSteps(facts: ObjectFacts): Journey {
  const { serverSideEncryption: algorithm, kmsKeyId: keyId, isClaim } = facts
  if (isClaim === true && algorithm !== undefined) {
    const text = 'S3 says that the object is encrypted, and decrypts it; nothing here proves it.'
    return [reported('s3', 'decrypt', text, { algorithm, keyId })]
  }
  if (facts.serverSideEncryption === S3_MANAGED) return s3ManagedRead()
  return isKmsManaged(facts.serverSideEncryption) ? kmsManagedRead(facts) : []
}

function s3ManagedRead(): Journey {
  return [
    reported('s3', 'unwrap-data-key', "S3 decrypts the object's data key with S3's own master key."),
    reported('s3', 'decrypt', 'S3 decrypts the object with the plain data key.', { algorithm: S3_MANAGED }),
    reported('s3', 'forget', 'S3 removes the plain data key from its memory.'),
  ]
}

function kmsManagedRead({ kmsKeyId: keyId, bucketKeyEnabled, serverSideEncryption: algorithm }: ObjectFacts): Journey {
  const which = bucketKeyEnabled ? 'encrypted bucket key' : "object's encrypted data key"
  return [
    reported(
      's3',
      'request-data-key',
      `S3 sends the ${which} to KMS${bucketKeyEnabled ? ', unless it still holds it plain' : ''}.`,
      { keyId },
    ),
    reported('kms', 'unwrap-data-key', 'KMS decrypts it with the KMS key that made it.', { keyId }),
    reported('kms', 'issue-data-key', 'KMS sends the plain key back to S3.'),
    reported('s3', 'decrypt', 'S3 decrypts the object with the plain data key.', { algorithm }),
    reported('s3', 'forget', 'S3 removes the plain data key from its memory.'),
  ]
}

/** S3's own layer around what was encrypted here already; empty if S3 reports none. */
export function outerLayer(
  act: 'encrypt' | 'decrypt',
  algorithm: string | undefined,
  keyId: string | undefined,
): Journey {
  if (algorithm === undefined) return []
  const text =
    act === 'encrypt' ? 'S3 encrypts the ciphertext once more by itself.' : 'S3 takes its own layer off the ciphertext.'
  return [reported('s3', act, text, { algorithm, keyId })]
}
