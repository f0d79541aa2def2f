import { randomBytes } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import type { Journey } from '../base/journey.ts'
import { DATA_KEY_BYTES, contentNameOf, type BoundWrap, type Envelope, type WrappedKey } from '../envelope/envelope.ts'
import { sealedSize } from '../envelope/size.ts'
import { wrapWithAes } from '../envelope/wrap-aes.ts'
import { wrapWithRsa } from '../envelope/wrap-rsa.ts'
import type { LentKey } from '../keys/keyring.ts'
import { envelopeOf, readSteps, readableEnvelope, recogniseEnvelope, sealedRead, sealedWrite } from './client-side.ts'
import { KEY_MARK, claimKey } from './customer-keys.ts'
import type { Mode, ObjectFacts, Recognition } from './mode.ts'
import { refuseOptions } from './options.ts'
import { savedEnvelope, sealedAgain } from './resume-sealed.ts'
import { firstBytes, foretold, seen } from './steps.ts'
import { unwrapDataKey } from './unwrap-customer.ts'

/** This computer makes the data key, wraps it under the customer's own key and encrypts: neither ever leaves it plain. */
export const cseC: Mode = {
  id: 'cse-c',

  async prepareWrite({ keys }, { plaintextSize, options }) {
    refuseOptions(options, 'cse-c', ['key', 'format', 'envelope', 'outerLayer'])
    sealedSize(plaintextSize)
    const format = options.format ?? 'v3'
    const { id } = await claimKey(keys, options.key, 'cse-c')
    const dataKey = { bytes: randomBytes(DATA_KEY_BYTES), since: performance.now() }
    try {
      const wrapped = await keys.lend(id, 'cse', (key) => wrap(dataKey.bytes, contentNameOf(format), key, id))
      return sealedWrite({
        mode: 'cse-c',
        keyId: id,
        format,
        place: options.envelope,
        dataKey,
        wrapped,
        keySteps: wrapSteps(wrapped, id),
      })
    } finally {
      zero(dataKey.bytes)
    }
  },

  async resumeWrite({ keys }, { options }, saved) {
    const { id } = await claimKey(keys, options.key, 'cse-c')
    const envelope = savedEnvelope(saved)
    if (envelope === null || id !== saved.keyId) return null
    const unwrapped = await unwrapDataKey(keys, envelope, id).catch((error: unknown) => {
      if (isCofferError(error, 'KEY_WRITE_ONLY') || isCofferError(error, 'KEY_WRONG')) return null
      throw error
    })
    if (unwrapped === null) return null
    const keySteps = unwrapSteps(envelope, id)
    return sealedAgain({ mode: 'cse-c', keyId: id, envelope, saved, dataKey: unwrapped.dataKey, keySteps })
  },

  recognise,

  outline(facts) {
    const envelope = envelopeOf(facts)
    if (envelope === null) return []
    return foretold(readSteps(facts, envelope, unwrapSteps(envelope, markOf(envelope)), {}))
  },

  async prepareRead({ keys }, { facts, options, replays }) {
    const envelope = readableEnvelope(facts, options)
    const recognition = recognise(facts)
    if (recognition === null)
      throw new CofferError('UNSUPPORTED', 'The data key of this object was not wrapped by a customer key.')
    const { info, dataKey } = await unwrapDataKey(keys, envelope, options.key, facts.rememberedKeyId)
    return sealedRead({
      facts,
      recognition: { ...recognition, keyId: info.id },
      envelope,
      dataKey,
      keySteps: unwrapSteps(envelope, info.id),
      replays,
    })
  },
}

function recognise(facts: ObjectFacts): Recognition | null {
  const envelope = envelopeOf(facts)
  if (envelope === null || envelope.wrapped.algorithm === 'kms+context' || envelope.wrapped.algorithm === 'kms')
    return null
  return recogniseEnvelope('cse-c', envelope, markOf(envelope))
}

function markOf({ wrapped }: Envelope): string | undefined {
  return Object.hasOwn(wrapped.description, KEY_MARK) ? wrapped.description[KEY_MARK] : undefined
}

function wrap(dataKey: Buffer, cipherName: string, key: LentKey, id: string): WrappedKey<BoundWrap> {
  const description = { [KEY_MARK]: id }
  return key.kind === 'aes-256'
    ? wrapWithAes(dataKey, cipherName, key.bytes, description)
    : wrapWithRsa(dataKey, cipherName, key.publicKey, description)
}

function wrapSteps({ algorithm, bytes }: WrappedKey, keyId: string): Journey {
  const half = algorithm === 'AES/GCM' ? 'your key' : 'the public half of your key'
  return [
    seen('computer', 'make-data-key', 'This computer makes a fresh data key for this object.', { bits: 256 }),
    seen('computer', 'wrap-data-key', `This computer encrypts the data key with ${half}.`, {
      algorithm,
      keyId,
      wrappedKey: firstBytes(bytes),
    }),
  ]
}

function unwrapSteps({ wrapped }: Envelope, keyId: string | undefined): Journey {
  return [
    seen('computer', 'unwrap-data-key', 'This computer decrypts the data key with your key.', {
      algorithm: wrapped.algorithm,
      keyId,
      wrappedKey: firstBytes(wrapped.bytes),
    }),
  ]
}
