import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { keyId } from './key-id.ts'
import type { KeyKind, LentKey } from './keyring.ts'

/** A customer key in full, on its way to or from the secret store. */
export interface Material {
  kind: KeyKind
  id: string
  /** PEM (SPKI), RSA only. */
  publicKey: string | null
  /** 32 bytes, or PKCS #8 in DER; null if there is only the public half. The holder zeroes it. */
  secret: Buffer | null
}

const AES_BYTES = 32
const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 8192

export function newAesKey(): Material {
  return aesMaterial(randomBytes(AES_BYTES))
}

/** RSA-3072, as strong as AES-128 (NIST SP 800-57). */
export async function newRsaPair(): Promise<Material> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 })
  return rsaMaterial(privateKey)
}

/** Takes the buffer over. */
export function aesMaterial(bytes: Buffer): Material {
  return { kind: 'aes-256', id: keyId(bytes), publicKey: null, secret: bytes }
}

/** A private key or the public half. Throws INVALID_INPUT unless it is RSA of a size that is safe and usable. */
export function rsaMaterial(key: KeyObject): Material {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw new CofferError('INVALID_INPUT', `Only RSA keys of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits can be used.`)
  }
  const publicKey = key.type === 'public' ? key : createPublicKey(key)
  return {
    kind: key.type === 'public' ? 'rsa-public' : 'rsa-pair',
    id: keyId(publicKey.export({ type: 'spki', format: 'der' })),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    secret: key.type === 'public' ? null : key.export({ type: 'pkcs8', format: 'der' }),
  }
}

/** What of an RSA key may be given away; its secret is zeroed. Throws INVALID_INPUT for a key that has no public half. */
export function publicHalf({ id, publicKey, secret }: Material): Material {
  zero(secret)
  if (publicKey !== null) return { kind: 'rsa-public', id, publicKey, secret: null }
  throw new CofferError('INVALID_INPUT', 'That is a key for AES, which has no public half.')
}

/**
 * Turns stored material into what modes work with and zeroes its bytes, except an AES key's, which are the lent ones.
 * A private KeyObject lives outside JavaScript and is freed with it; it cannot be zeroed from here.
 */
export function toLentKey({ kind, publicKey, secret }: Omit<Material, 'id'>): LentKey {
  if (kind === 'aes-256' && secret !== null) return { kind, bytes: secret }
  if (kind === 'aes-256' || publicKey === null) throw new TypeError('A stored key lacks a part of itself.')
  try {
    const privateKey = secret === null ? null : createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })
    return { kind, publicKey: createPublicKey(publicKey), privateKey }
  } finally {
    zero(secret)
  }
}
