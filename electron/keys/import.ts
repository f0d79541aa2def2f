import { createPrivateKey, createPublicKey } from 'node:crypto'
import { fromBase64, zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { aesMaterial, rsaMaterial, type Material } from './material.ts'

const AES_BYTES = 32
/** No key that Coffer takes is longer in any of its forms. */
const MAX_INPUT = 64 * 1024

/**
 * Reads a key that came from elsewhere: a file's bytes (32 raw ones, or text), or text typed or pasted. Text is base64,
 * url-base64 (with or without padding), hex, or PEM (RSA private key, or public key for a machine that only writes).
 * Throws INVALID_INPUT for anything else, without a word of what was given.
 */
export function parseKey(input: string | Uint8Array): Material {
  if (input.length > MAX_INPUT) throw invalid('That is too long for a key.')
  if (typeof input !== 'string' && input.length === AES_BYTES) return aesMaterial(Buffer.from(input))
  const text = (typeof input === 'string' ? input : latin1(input)).trim()
  if (text.includes('-----BEGIN ')) return parsePem(text)
  const bytes = fromHex(text) ?? fromAnyBase64(text)
  if (bytes?.length === AES_BYTES) return aesMaterial(bytes)
  zero(bytes)
  throw invalid(
    bytes === null
      ? 'That is not a key: neither base64, hex, PEM nor 32 raw bytes.'
      : `That is a key of ${bytes.length * 8} bits; AES-256 needs 256.`,
  )
}

/** Without a copy, of which nobody would take care. */
function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}

function fromHex(text: string): Buffer | null {
  return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : null
}

function fromAnyBase64(text: string): Buffer | null {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return standard === '' ? null : fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='))
}

function parsePem(pem: string): Material {
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw invalid('The private key is sealed by a passphrase.', 'Open it first: openssl pkey -in KEY -out OPEN')
  }
  try {
    return rsaMaterial(/-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(pem) ? createPrivateKey(pem) : createPublicKey(pem))
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw invalid('That PEM text holds no RSA key that can be read.')
  }
}

function invalid(message: string, hint = 'Give 32 bytes as base64 or hex, a file of 32 bytes, or an RSA key as PEM.') {
  return new CofferError('INVALID_INPUT', message, { hint })
}
