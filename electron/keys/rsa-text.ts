import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import { CofferError } from '../base/errors.ts'
import { rsaMaterial, type Material } from './material.ts'

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g
const PRIVATE = /^(?:RSA )?PRIVATE KEY$/
/** Columns of a PEM text's body (RFC 7468). */
const COLUMNS = 64

/**
 * An RSA key from PEM: PKCS #8, PKCS #1, SPKI or a certificate, also where an editor or an environment variable has changed
 * the line breaks. Of several blocks, a private key counts first. Throws INVALID_INPUT.
 */
export function fromPem(text: string): Material {
  const blocks = [...text.replaceAll('\\n', '\n').matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body }))
  refuseUnreadable(blocks)
  const chosen = blocks.find(({ label }) => PRIVATE.test(label)) ?? blocks[0]
  if (chosen === undefined) throw noRsaKey()
  const { label } = chosen
  const body = chosen.body.replace(/\s+/g, '').replace(new RegExp(`.{1,${COLUMNS}}`, 'g'), '$&\n')
  const pem = `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`
  return materialOf(() => (PRIVATE.test(label) ? createPrivateKey(pem) : createPublicKey(pem)))
}

function refuseUnreadable(blocks: { label: string; body: string }[]): void {
  const isSealed = blocks.some(
    ({ label, body }) => label.startsWith('ENCRYPTED') || body.includes('Proc-Type: 4,ENCRYPTED'),
  )
  if (isSealed) {
    throw invalid('The private key is sealed by a passphrase.', 'Open it first: openssl pkey -in KEY -out OPEN')
  }
  if (blocks.some(({ label }) => label === 'OPENSSH PRIVATE KEY')) {
    throw invalid(
      'That is a private key in the form of OpenSSH.',
      'Change a copy of it to PEM: ssh-keygen -p -m PEM -f COPY',
    )
  }
}

/** True for what may be an RSA key in DER: an ASN.1 sequence with a long length. */
export function looksLikeDer(bytes: Uint8Array): boolean {
  return bytes.length > 128 && bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x80
}

/** An RSA key from DER: PKCS #8, PKCS #1, SPKI or a certificate. Throws INVALID_INPUT. */
export function fromDer(bytes: Buffer): Material {
  const ways: (() => KeyObject)[] = [
    () => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' }),
    () => createPublicKey({ key: bytes, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: bytes, format: 'der', type: 'pkcs1' }),
    () => new X509Certificate(bytes).publicKey,
  ]
  return materialOf(() => firstThatWorks(ways))
}

function firstThatWorks(ways: (() => KeyObject)[]): KeyObject {
  for (const way of ways) {
    try {
      return way()
    } catch {
      // The next form may be the one.
    }
  }
  throw noRsaKey()
}

/** An RSA key from a JSON Web Key (RFC 7518, section 6.3). Throws INVALID_INPUT. */
export function fromRsaJwk(jwk: Record<string, unknown>): Material {
  return materialOf(() =>
    'd' in jwk ? createPrivateKey({ key: jwk, format: 'jwk' }) : createPublicKey({ key: jwk, format: 'jwk' }),
  )
}

function materialOf(read: () => KeyObject): Material {
  try {
    return rsaMaterial(read())
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw noRsaKey()
  }
}

function noRsaKey(): CofferError {
  return invalid(
    'That holds no RSA key that can be read.',
    'Give an RSA key as PEM (PKCS #8, PKCS #1 or SPKI), DER or JWK.',
  )
}

function invalid(message: string, hint: string): CofferError {
  return new CofferError('INVALID_INPUT', message, { hint })
}
