import { randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import type { KmsPort, Principal } from '../request.ts'
import { customerWrappingKey, isMarkedKey, markCustomerKey, unwrapKey, wrapKey } from './key-wrap.ts'
import { DamagedError } from './segments.ts'

/** How an object is to be encrypted. */
export type Encryption = { mode: 'AES256' } | KmsEncryption | { mode: 'SSE-C'; customerKey: Buffer }

export interface KmsEncryption {
  mode: 'aws:kms' | 'aws:kms:dsse'
  /** Id, alias or ARN; undefined: the managed key. */
  keyId: string | undefined
  context: Record<string, string>
  bucketKey: boolean
}

/**
 * What rests beside an object and opens it, given the wrapping key. Binary values are base64.
 *
 * `kms`: KMS's ciphertext blob. Without `sealed`, its plaintext is the data key; with it (bucket keys, and keys changed
 * in place), its plaintext wraps the data key. `s3`, in dual-layer encryption, is the second layer's key under the master key.
 */
export type Envelope =
  | { mode: 'AES256'; s3: string }
  | {
      mode: 'aws:kms' | 'aws:kms:dsse'
      keyArn: string
      context: Record<string, string>
      bucketKey: boolean
      kms: string
      sealed?: string
      s3?: string
    }
  | { mode: 'SSE-C'; salt: string; check: string; sealed: string }

export type KmsEnvelope = Extract<Envelope, { kms: string }>

/** The customer's key is not the one that the object was written with. */
export class WrongCustomerKeyError extends Error {
  constructor() {
    super('The customer key does not match.')
    this.name = 'WrongCustomerKeyError'
  }
}

/** Who opens an envelope; the customer's key where the mode is SSE-C. */
export interface Opener {
  principal: Principal
  customerKey: Buffer | undefined
}

export interface DataKeys {
  /** Fresh data keys (one a layer, 32 bytes, the caller's to zero) and their envelope. Throws KmsError. */
  issue(encryption: Encryption, objectId: string, principal: Principal): { envelope: Envelope; keys: Buffer[] }
  /** The data keys of an envelope, the caller's to zero. Throws KmsError, WrongCustomerKeyError, DamagedError. */
  open(envelope: Envelope, objectId: string, opener: Opener): Buffer[]
  /** The same data key under another wrapping: only the envelope changes. Throws like open(). */
  rewrap(envelope: Envelope, to: KmsEncryption, objectId: string, opener: Opener): KmsEnvelope
}

/** Data keys as S3 has them: random, or KMS's, and at rest only wrapped by the master key, KMS or the customer's key. */
export function createDataKeys(masterKey: Buffer, kms: KmsPort): DataKeys {
  const wrapByMaster = (dataKey: Buffer, objectId: string) =>
    wrapKey(masterKey, dataKey, identity('s3', objectId)).toString('base64')

  function issueByKms(encryption: KmsEncryption, objectId: string, principal: Principal) {
    const { keyArn, plaintext, ciphertextBlob } = kms.generateDataKey(principal, encryption.keyId, encryption.context)
    const { mode, context, bucketKey } = encryption
    const envelope: KmsEnvelope = { mode, keyArn, context, bucketKey, kms: ciphertextBlob.toString('base64') }
    if (bucketKey) {
      const dataKey = randomBytes(32)
      envelope.sealed = wrapKey(plaintext, dataKey, identity('kms', objectId)).toString('base64')
      zero(plaintext)
      return { envelope, keys: [dataKey] }
    }
    if (mode === 'aws:kms') return { envelope, keys: [plaintext] }
    const second = randomBytes(32)
    envelope.s3 = wrapByMaster(second, objectId)
    return { envelope, keys: [plaintext, second] }
  }

  function openByKms(envelope: KmsEnvelope, objectId: string, principal: Principal): Buffer[] {
    const { plaintext } = kms.decrypt(principal, stored(envelope.kms), envelope.context)
    const first =
      envelope.sealed === undefined
        ? plaintext
        : unwrapAndForget(plaintext, stored(envelope.sealed), identity('kms', objectId))
    if (envelope.mode === 'aws:kms') return [first]
    try {
      return [first, unwrapKey(masterKey, stored(envelope.s3), identity('s3', objectId))]
    } catch (error) {
      zero(first)
      throw error
    }
  }

  function open(envelope: Envelope, objectId: string, opener: Opener): Buffer[] {
    if (envelope.mode === 'AES256') {
      return [unwrapKey(masterKey, stored(envelope.s3), identity('s3', objectId))]
    }
    if (envelope.mode !== 'SSE-C') return openByKms(envelope, objectId, opener.principal)
    const mark = { salt: stored(envelope.salt), check: stored(envelope.check) }
    if (!opener.customerKey || !isMarkedKey(opener.customerKey, mark)) throw new WrongCustomerKeyError()
    const wrappingKey = customerWrappingKey(opener.customerKey, mark)
    return [unwrapAndForget(wrappingKey, stored(envelope.sealed), identity('customer', objectId))]
  }

  return {
    issue: (encryption, objectId, principal) => {
      if (encryption.mode === 'SSE-C') return issueByCustomer(encryption.customerKey, objectId)
      if (encryption.mode !== 'AES256') return issueByKms(encryption, objectId, principal)
      const dataKey = randomBytes(32)
      return { envelope: { mode: 'AES256', s3: wrapByMaster(dataKey, objectId) }, keys: [dataKey] }
    },
    open,
    rewrap: (envelope, to, objectId, opener) => {
      const keys = open(envelope, objectId, opener)
      try {
        const [dataKey] = keys
        if (dataKey === undefined || keys.length !== 1) throw new TypeError('Only a single layer can be wrapped anew.')
        const { keyArn, plaintext, ciphertextBlob } = kms.generateDataKey(opener.principal, to.keyId, to.context)
        const sealed = wrapKey(plaintext, dataKey, identity('kms', objectId)).toString('base64')
        zero(plaintext)
        const { context, bucketKey } = to
        return { mode: 'aws:kms', keyArn, context, bucketKey, kms: ciphertextBlob.toString('base64'), sealed }
      } finally {
        zero(...keys)
      }
    },
  }
}

function issueByCustomer(customerKey: Buffer, objectId: string): { envelope: Envelope; keys: Buffer[] } {
  const dataKey = randomBytes(32)
  const mark = markCustomerKey(customerKey)
  const wrappingKey = customerWrappingKey(customerKey, mark)
  const sealed = wrapKey(wrappingKey, dataKey, identity('customer', objectId))
  zero(wrappingKey)
  const [salt, check] = [mark.salt.toString('base64'), mark.check.toString('base64')]
  return { envelope: { mode: 'SSE-C', salt, check, sealed: sealed.toString('base64') }, keys: [dataKey] }
}

function unwrapAndForget(wrappingKey: Buffer, wrapped: Buffer, identity: Buffer): Buffer {
  try {
    return unwrapKey(wrappingKey, wrapped, identity)
  } finally {
    zero(wrappingKey)
  }
}

/** A value of an envelope. The row it comes from is only JSON: what shall be there may be gone. */
function stored(base64: string | undefined): Buffer {
  if (typeof base64 !== 'string') throw new DamagedError()
  return Buffer.from(base64, 'base64')
}

/** Binds a wrapped key to its purpose and its object. */
function identity(purpose: string, objectId: string): Buffer {
  return Buffer.from(`coffer data key ${purpose} ${objectId}`)
}
