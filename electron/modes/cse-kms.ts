import { zero } from '../base/bytes.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import { DATA_KEY_BYTES, contentName, contentNameOf, type Envelope } from '../envelope/envelope.ts'
import { bindContext, checkBoundContext, checkLegacyContext, oldKeyId } from '../envelope/kms-context.ts'
import { sealedSize } from '../envelope/size.ts'
import { decrypt, generateDataKey } from '../cloud/wire/kms.ts'
import { envelopeOf, readSteps, readableEnvelope, recogniseEnvelope, sealedRead, sealedWrite } from './client-side.ts'
import type { Mode, ModeEnv, ModeOptions, ObjectFacts, Recognition } from './mode.ts'
import { refuseOptions } from './options.ts'
import { savedEnvelope, sealedAgain } from './resume-sealed.ts'
import { firstBytes, foretold, seen } from './steps.ts'

/** KMS makes and wraps the data key, this computer encrypts: S3 sees neither the file nor the key. */
export const cseKms: Mode = {
  id: 'cse-kms',

  async prepareWrite(env, { plaintextSize, options }) {
    refuseOptions(options, 'cse-kms', ['key', 'encryptionContext', 'format', 'envelope', 'outerLayer'])
    sealedSize(plaintextSize)
    const format = options.format ?? 'v3'
    const context = bindContext(options.encryptionContext ?? {}, contentNameOf(format))
    const issued = await dataKeyFor(env, options.key, context)
    return sealedWrite({
      place: options.envelope,
      mode: 'cse-kms',
      keyId: issued.keyArn,
      format,
      dataKey: issued.dataKey,
      wrapped: { algorithm: 'kms+context', bytes: issued.wrapped, description: context },
      keySteps: [
        seen('computer', 'request-data-key', 'This computer asks KMS for a data key under the KMS key.', {
          keyId: options.key,
          encryptionContext: JSON.stringify(context),
        }),
        seen(
          'kms',
          'issue-data-key',
          'KMS makes a data key and gives it twice: plain, and encrypted under the KMS key.',
          {
            keyArn: issued.keyArn,
            wrappedKey: firstBytes(issued.wrapped),
            requestId: issued.requestId,
          },
        ),
      ],
    })
  },

  async resumeWrite(env, { options }, saved) {
    const envelope = savedEnvelope(saved)
    if (envelope === null || saved.keyId === undefined || !isKmsWrap(envelope)) return null
    checkContext(envelope, options)
    const unwrapped = await decryptDataKey(env, envelope, options.key).catch((error: unknown) => {
      // One who may only encrypt cannot go on; and an alias may point to another key by now.
      if (isCofferError(error, 'KMS_DENIED') || isCofferError(error, 'KEY_WRONG')) return null
      throw error
    })
    if (unwrapped === null) return null
    const { dataKey } = unwrapped
    const keySteps = unwrapSteps(envelope, unwrapped)
    return sealedAgain({ mode: 'cse-kms', keyId: saved.keyId, envelope, saved, dataKey, keySteps })
  },

  recognise,

  outline(facts) {
    const envelope = envelopeOf(facts)
    return envelope === null ? [] : foretold(readSteps(facts, envelope, unwrapSteps(envelope, {}), {}))
  },

  async prepareRead(env, { facts, options, replays }) {
    const envelope = readableEnvelope(facts, options)
    const recognition = recognise(facts)
    if (recognition === null)
      throw new CofferError('UNSUPPORTED', 'The data key of this object was not wrapped by KMS.')
    checkContext(envelope, options)
    const unwrapped = await decryptDataKey(env, envelope, options.key)
    return sealedRead({
      facts,
      recognition: { ...recognition, keyId: unwrapped.keyArn },
      envelope,
      dataKey: unwrapped.dataKey,
      keySteps: unwrapSteps(envelope, unwrapped),
      replays,
    })
  },
}

function recognise(facts: ObjectFacts): Recognition | null {
  const envelope = envelopeOf(facts)
  if (envelope === null || !isKmsWrap(envelope)) return null
  return recogniseEnvelope('cse-kms', envelope, oldKeyId(envelope.wrapped.description))
}

function isKmsWrap({ wrapped }: Envelope): boolean {
  return wrapped.algorithm === 'kms+context' || wrapped.algorithm === 'kms'
}

async function dataKeyFor(env: ModeEnv, key: string | undefined, context: Record<string, string>) {
  if (key === undefined)
    throw new CofferError('INVALID_INPUT', 'CSE-KMS needs a KMS key: its id, alias or ARN.', {
      hint: 'See which there are, or make one: coffer kms list, coffer kms create.',
    })
  const wanted = { KeyId: key, KeySpec: 'AES_256' as const, EncryptionContext: context }
  const { Plaintext, CiphertextBlob, KeyId, $metadata } = await generateDataKey(env.kms, wanted, env.signal)
  const bytes = asBuffer(Plaintext)
  if (bytes.length !== DATA_KEY_BYTES || !CiphertextBlob?.length || KeyId === undefined) {
    zero(bytes)
    throw new CofferError('SERVER', 'KMS did not answer with a 32-byte data key.')
  }
  if (!isNamed(KeyId, key)) {
    zero(bytes)
    throw new CofferError('KEY_WRONG', 'KMS made the data key under another KMS key than the one named.', {
      facts: { keyArn: KeyId },
    })
  }
  return {
    dataKey: { bytes, since: performance.now() },
    wrapped: asBuffer(CiphertextBlob),
    keyArn: KeyId,
    requestId: $metadata.requestId,
  }
}

function checkContext({ wrapped, content }: Envelope, { encryptionContext }: ModeOptions): void {
  if (wrapped.algorithm === 'kms+context')
    checkBoundContext(wrapped.description, contentName(content), encryptionContext)
  else checkLegacyContext(wrapped.description, encryptionContext)
}

async function decryptDataKey(env: ModeEnv, { wrapped }: Envelope, key: string | undefined) {
  const { bytes: CiphertextBlob, description: EncryptionContext } = wrapped
  const named = key === undefined ? {} : { KeyId: key }
  const wanted = { CiphertextBlob, EncryptionContext, ...named }
  const { Plaintext, KeyId, $metadata } = await decrypt(env.kms, wanted, env.signal)
  const bytes = asBuffer(Plaintext)
  try {
    checkAnswer(bytes, KeyId, key)
  } catch (error) {
    zero(bytes)
    throw error
  }
  return { dataKey: { bytes, since: performance.now() }, keyArn: KeyId, requestId: $metadata.requestId }
}

/** KMS itself refuses another key than the named one; a server that is laxer is caught here, as far as a name can be compared. */
function checkAnswer(dataKey: Buffer, answered: string | undefined, named: string | undefined): void {
  if (dataKey.length !== DATA_KEY_BYTES)
    throw new CofferError('ENVELOPE_INVALID', "The object's data key is not 32 bytes long.")
  if (!isNamed(answered, named))
    throw new CofferError('KEY_WRONG', 'The data key was wrapped by another KMS key than the one named.', {
      facts: { keyArn: answered ?? '' },
    })
}

/** As far as a name can be compared: an alias cannot. */
function isNamed(answered: string | undefined, named: string | undefined): boolean {
  if (named === undefined || /(?:^|:)alias\//.test(named)) return true
  return answered === named || answered?.endsWith(`/${named}`) === true
}

function unwrapSteps(
  { wrapped }: Envelope,
  { keyArn, requestId }: { keyArn?: string | undefined; requestId?: string | undefined },
): Journey {
  return [
    seen('computer', 'request-data-key', 'This computer sends the wrapped data key to KMS.', {
      wrappedKey: firstBytes(wrapped.bytes),
      algorithm: wrapped.algorithm,
      encryptionContext: JSON.stringify(wrapped.description),
    }),
    seen(
      'kms',
      'unwrap-data-key',
      'KMS decrypts it with the KMS key that made it, and gives the plain data key back.',
      {
        keyArn,
        requestId,
      },
    ),
  ]
}

/** The same memory, so that wiping one wipes the other. */
function asBuffer(bytes: Uint8Array | undefined): Buffer {
  return bytes === undefined ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
