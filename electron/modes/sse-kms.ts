import { CofferError } from '../base/errors.ts'
import { asciiJson } from '../envelope/description.ts'
import { hasEnvelope } from './client-side.ts'
import type { EncryptionFields, Mode, ModeOptions, ObjectFacts, Recognition } from './mode.ts'
import { refuseOptions } from './options.ts'
import { plainRead, plainWrite, settled } from './plain.ts'
import { KMS_MANAGED, KMS_TWO_LAYERS, isKmsManaged, serverRead, serverWrite } from './server-side.ts'
import { foretold } from './steps.ts'

/** S3 encrypts under data keys that it has from KMS: whoever rules the KMS key rules the object. */
export const sseKms: Mode = {
  id: 'sse-kms',

  prepareWrite: (_, { options }) =>
    settled(() => {
      refuseOptions(options, 'sse-kms', ['key', 'encryptionContext', 'bucketKey', 'dsse'])
      const encryption = encryptionFields(options)
      const asked = { algorithm: encryption.ServerSideEncryption, encryptionContext: options.encryptionContext }
      return plainWrite({
        mode: 'sse-kms',
        keyId: options.key,
        encryption,
        journey: (stored) => serverWrite(stored, asked),
      })
    }),

  resumeWrite: (env, request) => sseKms.prepareWrite(env, request),

  recognise,

  outline: (facts) => foretold(serverRead(facts, {})),

  prepareRead: (_, { facts }) =>
    settled(() => {
      const recognition = recognise(facts)
      if (recognition === null) throw new CofferError('UNSUPPORTED', 'This object is not under SSE-KMS.')
      return plainRead(facts, recognition, (fetched) => serverRead(facts, fetched))
    }),
}

function recognise(facts: ObjectFacts): Recognition | null {
  if (!isKmsManaged(facts.serverSideEncryption) || hasEnvelope(facts)) return null
  const layers = facts.serverSideEncryption === KMS_TWO_LAYERS ? ', in two layers' : ''
  const bucketKey = facts.bucketKeyEnabled ? ', with a bucket key' : ''
  return {
    mode: 'sse-kms',
    keyId: facts.kmsKeyId,
    format: undefined,
    algorithm: `AES-256, under a KMS key${layers}${bucketKey}`,
  }
}

/** Without a key, S3 takes the account's `aws/s3`. The context goes as base64 of its JSON (PutObject, x-amz-server-side-encryption-context). */
function encryptionFields({ key, encryptionContext = {}, bucketKey, dsse = false }: ModeOptions): EncryptionFields {
  if (dsse && bucketKey === true)
    throw new CofferError('INVALID_INPUT', 'S3 has no bucket keys for two layers (dsse): choose one of the two.')
  const context = Object.keys(encryptionContext).length > 0 ? asciiJson(encryptionContext) : undefined
  return {
    ServerSideEncryption: dsse ? KMS_TWO_LAYERS : KMS_MANAGED,
    ...(key === undefined ? {} : { SSEKMSKeyId: key }),
    ...(context === undefined ? {} : { SSEKMSEncryptionContext: Buffer.from(context).toString('base64') }),
    ...(bucketKey === undefined || dsse ? {} : { BucketKeyEnabled: bucketKey }),
  }
}
