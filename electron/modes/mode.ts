import type { KMSClient } from '@aws-sdk/client-kms'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import type { Journey } from '../base/journey.ts'
import type { WriteWay } from '../cloud/behaviour.ts'
import type { EnvelopeFormat, ModeChoice, ModeId, ObservedMode } from '../base/mode-names.ts'
import type { Opener, Sealer } from '../envelope/stream.ts'
import type { KeyRing } from '../keys/keyring.ts'

export type { Opener, Sealer }

/** What a mode needs of its surroundings. `kms` is only called by the KMS modes. */
export interface ModeEnv {
  s3: S3Client
  kms: KMSClient
  keys: KeyRing
  signal: AbortSignal
}

/** Choices that go with a mode; a mode refuses, with INVALID_INPUT, those that it cannot honour. */
export interface ModeOptions {
  /**
   * Customer key id or name (SSE-C, CSE-C); KMS key id, alias or ARN (SSE-KMS, CSE-KMS). Named for a read, it is the one
   * that opens the object, or the read is refused.
   */
  key?: string | undefined
  encryptionContext?: Record<string, string> | undefined
  /** SSE-KMS: let S3 use a bucket key. */
  bucketKey?: boolean | undefined
  /** SSE-KMS: two layers, `aws:kms:dsse`. */
  dsse?: boolean | undefined
  /** CSE, write: S3 encrypts it once more, as some buckets demand. A KMS key only with the KMS algorithms. */
  outerLayer?: { algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'; kmsKeyId?: string | undefined } | undefined
  /** CSE: the envelope format to write; `v3` unless told. */
  format?: 'v3' | 'v2' | undefined
  /** CSE, read: accept formats that prove nothing about the content (V1, CBC, legacy wraps). Off unless told. */
  allowLegacy?: boolean | undefined
  /** Read: accept an object that is known as encrypted on a computer and is not any more. Off unless told. */
  acceptUnsealed?: boolean | undefined
  /**
   * CSE, read: what the keys of instruction files end with; `.instruction` unless told. Null: the object was written without
   * one a moment ago, and what is stored under that key belonged to the one before.
   */
  instructionSuffix?: string | null | undefined
  /** CSE: where the envelope goes: into the object's metadata, or into an instruction file; `metadata` unless told. */
  envelope?: 'metadata' | 'instruction' | undefined
  /** Write: accept an object that the server turns out not to have encrypted as it was asked to. Off unless told. */
  allowUnencrypted?: boolean | undefined
}

/** The customer key's three headers; empty for every mode but SSE-C. Goes with every request of an SSE-C object. */
export type CustomerKeyFields = Pick<
  PutObjectCommandInput,
  'SSECustomerAlgorithm' | 'SSECustomerKey' | 'SSECustomerKeyMD5'
>

/** Encryption fields of PutObject, CreateMultipartUpload and CopyObject. */
export type EncryptionFields = CustomerKeyFields &
  Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'SSEKMSEncryptionContext' | 'BucketKeyEnabled'>

/** What is known of a finished write: S3's answer to it and, where that alone is not to be believed, to HEAD of the object. */
export interface StoredFacts {
  way: WriteWay
  etag: string
  versionId?: string | undefined
  /** Bytes as stored. */
  bytes: number
  serverSideEncryption?: string | undefined
  kmsKeyId?: string | undefined
  bucketKeyEnabled?: boolean | undefined
  /** SSECustomerAlgorithm of the answer to PutObject or CreateMultipartUpload: S3's word that it used the customer's key. */
  customerAlgorithm?: string | undefined
  /** Base64 of the MD5 of the customer's key that S3 says it used. */
  customerKeyMd5?: string | undefined
  requestId?: string | undefined
  /** True: how it is encrypted is the word of a server that is not known to tell the truth. */
  isClaim?: boolean | undefined
}

/** One object's write under one mode. Disposed of exactly once, whatever happens. */
export interface WritePlan {
  mode: ModeChoice
  /** Id of the customer key; the KMS key's ARN (CSE-KMS) or as it was asked for (SSE-KMS); undefined where S3 chooses. */
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  encryption: EncryptionFields
  customerKey: CustomerKeyFields
  /** User metadata that this mode adds (the envelope, or what of it has to be on the object). */
  metadata: Record<string, string>
  /** The rest of the envelope, for the object's instruction file; undefined: there is to be none. */
  instruction?: Record<string, string> | undefined
  /** Object tags that this mode adds, best effort (`coffer-key`). */
  tags: Record<string, string>
  /** null: the bytes go as they are. */
  sealer: Sealer | null
  /** The whole journey, once S3 has acknowledged the object. */
  journey(stored: StoredFacts): Journey
  /** Zeroes what secrets are left. */
  dispose(): void
}

export interface WriteRequest {
  bucket: string
  key: string
  plaintextSize: number
  options: ModeOptions
}

/** What a journal has kept of a write whose upload was cut off. No plain key is in it. */
export interface SavedWrite {
  /** As the first plan had it. */
  keyId: string | undefined
  /** The user metadata that the upload was opened with: of a client-side write, its envelope is among it. */
  metadata: Record<string, string>
}

/** What HEAD (or the lack of an answer) tells of a stored object. */
export interface ObjectFacts {
  bucket: string
  key: string
  versionId: string | undefined
  etag: string
  /** Bytes as stored. */
  size: number
  lastModified: Date | undefined
  /** User metadata, names in lower case, without `x-amz-meta-`. */
  metadata: Record<string, string>
  serverSideEncryption: string | undefined
  kmsKeyId: string | undefined
  bucketKeyEnabled: boolean
  /** True when S3 would not answer HEAD without the customer's key (400). Then etag, size and metadata are unknown and empty. */
  needsCustomerKey: boolean
  /** Id of the customer key with which S3 answered HEAD after all; the other facts are known then. See find-customer-key.ts. */
  customerKeyId?: string | undefined
  /** Parsed JSON body of `KEY.instruction`, when it was fetched. */
  instruction: Record<string, string> | undefined
  /** True: its envelope is the one that this computer remembers, for the server has lost it. */
  isRestored?: boolean | undefined
  /** True: how it is encrypted in S3 is the word of a server that is not known to tell the truth. */
  isClaim?: boolean | undefined
  /** Id of the key that opened this very object (by its ETag) before, for one that does not name its key. A hint, no more. */
  rememberedKeyId?: string | undefined
}

/** Who an object says it is. */
export interface Recognition {
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  /** For a person: `AES-256-GCM, key committed (HKDF-SHA512)`. */
  algorithm: string
}

/** One object's read. Disposed of exactly once, whatever happens. */
export interface ReadPlan {
  recognition: Recognition
  customerKey: CustomerKeyFields
  /** null: what S3 sends is the plaintext. */
  opener: Opener | null
  /** True if the opener's end proves that nobody changed the content: all but legacy CBC. */
  authenticated: boolean
  /** Bytes. Exact, but for legacy CBC: there it is at most this. */
  plaintextSize: number
  journey(fetched: { etag: string; bytes: number; requestId?: string | undefined }): Journey
  dispose(): void
}

export interface ReadRequest {
  facts: ObjectFacts
  options: ModeOptions
  /** Some of the plaintext is here already: the opener shall go on from there (see Opener). Off unless told. */
  replays?: boolean | undefined
}

/** A way to encrypt. A sixth one is one file that exports this, and one line in registry.ts. */
export interface Mode {
  readonly id: ModeId
  /** Makes or asks for the data key and says what the upload must carry. */
  prepareWrite(env: ModeEnv, request: WriteRequest): Promise<WritePlan>
  /**
   * The plan of a write that was cut off, once more: the same key and, where this computer enciphers, the same message id or
   * IV, so that its upload can go on. Null if it cannot be had here and never will be (only the public half of the key is
   * here; the choice now means another key): then the upload is given up and the file sealed afresh. Throws what
   * `prepareWrite` throws where it may be had later (a KMS key is disabled, the keychain is locked).
   */
  resumeWrite(env: ModeEnv, request: WriteRequest, saved: SavedWrite): Promise<WritePlan | null>
  /** Null if the object is not of this mode; throws ENVELOPE_INVALID if it is but is broken. No network. */
  recognise(facts: ObjectFacts): Recognition | null
  /** How the key of an object that it recognises will be reached on a read, as far as the facts tell. No network. */
  outline(facts: ObjectFacts): Journey
  /**
   * Unwraps the data key and checks everything that can be checked before the first byte. NOT_SEALED or UNSUPPORTED if the
   * object is not of this mode; LEGACY_NOT_ALLOWED, KEY_*, KMS_*, COMMITMENT_MISMATCH, TRUNCATED.
   */
  prepareRead(env: ModeEnv, request: ReadRequest): Promise<ReadPlan>
}
