import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import type { KeyForm, SymmetricForm } from '../base/key-forms.ts'
import { fromAnyBase64, fromHex, isHexText, textIn, withoutLineEnd } from './key-text.ts'
import { aesMaterial, type Material } from './material.ts'
import { fromDer, fromPem, fromRsaJwk, looksLikeDer } from './rsa-text.ts'

const AES_BYTES = 32
/** No key that Coffer takes is longer in any of its forms. */
const MAX_INPUT = 64 * 1024

/** A key, and the form it was read in. */
export interface ReadKey {
  material: Material
  form: KeyForm
}

/**
 * Reads a key that came from elsewhere: a file's bytes, or text that was typed or pasted. AES-256: 32 raw bytes, base64 or
 * url-base64 (with or without padding), hex (also with 0x, spaces or colons), a JWK of kind oct, or, in a file, 32 characters
 * that are the key themselves (as rclone and MinIO take it). RSA: PEM, DER, JWK.
 *
 * A text that has more than one reading, or one that would give a weaker key than it seems, is not guessed: INVALID_INPUT
 * names what was read, with the fact `as` for the form that the person can insist on. Throws INVALID_INPUT for
 * anything else, too, without a word of what was given.
 */
export function readKey(input: string | Uint8Array, as?: SymmetricForm): ReadKey {
  if (input.length > MAX_INPUT) throw invalid('That is too long for a key.')
  const bytes = Buffer.from(input)
  try {
    if (as !== undefined) return { material: aesMaterial(bytesAs(as, bytes)), form: as }
    const text = textIn(bytes)
    return text === null ? readBytes(bytes) : readText(text, bytes.length, typeof input === 'string')
  } finally {
    zero(bytes)
  }
}

/** The key alone. Throws as `readKey`. */
export function parseKey(input: string | Uint8Array): Material {
  return readKey(input).material
}

function readBytes(bytes: Buffer): ReadKey {
  if (bytes.length === AES_BYTES) return { material: aesMaterial(Buffer.from(bytes)), form: 'raw' }
  if (looksLikeDer(bytes)) return { material: fromDer(bytes), form: 'der' }
  const bare = withoutLineEnd(Buffer.from(bytes))
  zero(bare)
  if (bare.length === AES_BYTES) {
    throw ambiguous('That is 32 raw bytes and a line end after them.', 'raw', 'If the line end is no part of the key')
  }
  throw wrongSize(bytes.length, 'raw bytes')
}

function readText(text: string, fileBytes: number, isTyped: boolean): ReadKey {
  const trimmed = text.trim().replace(/^(["'])(.*)\1$/s, '$2')
  if (trimmed.includes('-----BEGIN ')) return { material: fromPem(trimmed), form: 'pem' }
  if (/^\{\s*"/.test(trimmed)) return readJwk(trimmed)
  refuseOtherKinds(trimmed)
  const hex = fromHex(trimmed)
  const base64 = fromAnyBase64(trimmed)
  try {
    if (hex?.length === AES_BYTES) return takeDecoded(hex, 'hex')
    if (base64 !== null && base64.length !== AES_BYTES && looksLikeDer(base64)) {
      return { material: fromDer(base64), form: 'der' }
    }
    const decoded = base64 === null ? null : rawBytes(base64)
    try {
      if (decoded?.length === AES_BYTES) return takeDecoded(decoded, 'base64')
    } finally {
      zero(decoded)
    }
    return readCharacters(text, { hex, base64, fileBytes, isTyped })
  } finally {
    zero(hex, base64)
  }
}

/** Takes a copy. */
function takeDecoded(bytes: Buffer, form: 'hex' | 'base64'): ReadKey {
  if (isHexText(bytes)) throw tooWeak(`32 hexadecimal characters, written as ${form}`, AES_BYTES / 2, form)
  return { material: aesMaterial(Buffer.from(bytes)), form }
}

interface Readings {
  hex: Buffer | null
  base64: Buffer | null
  /** Bytes of the whole input. */
  fileBytes: number
  /** It was typed or pasted; a person may have meant a passphrase. */
  isTyped: boolean
}

/** Text that is neither base64 nor hex of 32 bytes: it may be the 32 bytes itself. */
function readCharacters(text: string, { hex, base64, fileBytes, isTyped }: Readings): ReadKey {
  const characters = Buffer.from(text.replace(/^[\r\n]+|[\r\n]+$/g, ''))
  if (characters.length !== AES_BYTES) {
    const { length } = characters
    zero(characters)
    if (hex !== null) throw wrongSize(hex.length, 'hexadecimal')
    if (base64 !== null) throw wrongSize(base64.length, 'base64')
    const message = `That is ${length} characters of text, and neither base64, hexadecimal nor PEM.`
    throw fileBytes === AES_BYTES
      ? ambiguous(message, 'raw', 'If its 32 bytes, line end and all, are the key')
      : invalid(message)
  }
  if (hex === null && !isTyped) return { material: aesMaterial(characters), form: 'text' }
  zero(characters)
  if (hex !== null) throw tooWeak('32 characters of hexadecimal', hex.length, 'raw')
  throw ambiguous(
    'That is 32 characters of text, and neither base64 nor hexadecimal of 32 bytes.',
    'raw',
    'If the characters are the key',
  )
}

function readJwk(text: string): ReadKey {
  const jwk = jwkIn(text)
  if (jwk?.['kty'] === 'RSA') return { material: fromRsaJwk(jwk), form: 'jwk' }
  const bytes = jwk?.['kty'] === 'oct' && typeof jwk['k'] === 'string' ? fromAnyBase64(jwk['k']) : null
  if (bytes?.length === AES_BYTES) return { material: aesMaterial(bytes), form: 'jwk' }
  if (bytes === null) throw invalid('That JSON holds no key: neither a JWK of kind oct nor one of kind RSA.')
  const { length } = bytes
  zero(bytes)
  throw wrongSize(length, 'a JWK')
}

/** A JSON Web Key, or the only one of a set. */
function jwkIn(text: string): Record<string, unknown> | null {
  try {
    const json = JSON.parse(text) as Record<string, unknown>
    const { keys } = json
    return Array.isArray(keys) ? (keys.length === 1 ? (keys[0] as Record<string, unknown>) : null) : json
  } catch {
    // Its message would quote the text.
    return null
  }
}

function bytesAs(as: SymmetricForm, bytes: Buffer): Buffer {
  const text = textIn(bytes)?.trim() ?? ''
  const decoded = as === 'raw' ? rawBytes(bytes) : as === 'hex' ? fromHex(text) : fromAnyBase64(text)
  if (decoded?.length === AES_BYTES) return decoded
  if (decoded === null) throw invalid(`That is not ${as === 'hex' ? 'hexadecimal' : as}.`)
  const { length } = decoded
  zero(decoded)
  throw wrongSize(length, as === 'raw' ? 'raw bytes' : as)
}

/** All bytes if they are 32, else without the line end. */
function rawBytes(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  return copy.length === AES_BYTES ? copy : withoutLineEnd(copy)
}

function refuseOtherKinds(text: string): void {
  if (text.startsWith('AGE-SECRET-KEY-')) {
    throw invalid('That is an age identity: it opens age files and is no key for files in S3.')
  }
  if (/^ssh-(?:rsa|ed25519) /.test(text)) {
    throw invalid('That is a public key in the form of OpenSSH.', 'Change it to PEM: ssh-keygen -e -m PKCS8 -f KEY.pub')
  }
}

function tooWeak(what: string, bytes: number, as: SymmetricForm): CofferError {
  return ambiguous(
    `That is ${what}: a key of ${bytes * 8} bits, and AES-256 takes 256. Its characters can stand for 32 bytes, but are worth no more than ${bytes * 8} bits.`,
    as,
    'If other programs use it so',
  )
}

function ambiguous(message: string, as: SymmetricForm, when: string): CofferError {
  return new CofferError('INVALID_INPUT', message, {
    hint: `${when}: --as ${as}. Else give 32 bytes as base64 or hex: openssl rand -hex 32`,
    facts: { as },
  })
}

function wrongSize(bytes: number, form: string): CofferError {
  return invalid(`That is ${bytes} bytes (${form}), a key of ${bytes * 8} bits; AES-256 takes 32 bytes, 256 bits.`)
}

function invalid(
  message: string,
  hint = 'Give 32 bytes as base64 or hex, a file of 32 bytes, or an RSA key as PEM.',
): CofferError {
  return new CofferError('INVALID_INPUT', message, { hint })
}
