import { fromBase64, zero } from '../base/bytes.ts'
import { decodeText } from '../base/text.ts'

/** Digits, the prefixes of C, Python and shells, and what stands between bytes in dumps and fingerprints. */
const HEX_TEXT = /^(?:0x|\\x|[0-9a-f]|[\s:,;{}[\]-])+$/i
const HEX_NOISE = /0x|\\x|[\s:,;{}[\]-]+/gi
// eslint-disable-next-line no-control-regex -- control characters are what tells bytes from text
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/**
 * The text in a key file, with its line ends and without a byte order mark; null for raw bytes. Random bytes that happen to
 * begin as UTF-16 does are raw: in UTF-16 only ASCII counts as text. The string cannot be zeroed.
 */
export function textIn(bytes: Uint8Array): string | null {
  const text = decodeText(bytes)
  if (text === null || CONTROL.test(text)) return null
  const isUtf16 = bytes[0] === 0xff || bytes[0] === 0xfe
  return isUtf16 && !/^[\t\n\r\x20-\x7e]*$/.test(text) ? null : text
}

/** The bytes of hexadecimal text in upper or lower case, also with 0x, spaces, colons or line breaks; null for other text. */
export function fromHex(text: string): Buffer | null {
  if (!HEX_TEXT.test(text)) return null
  const digits = text.replace(HEX_NOISE, '')
  return digits.length === 0 || digits.length % 2 !== 0 ? null : Buffer.from(digits, 'hex')
}

/** The bytes of base64 or url-base64, with or without padding and line breaks; null for other text. */
export function fromAnyBase64(text: string): Buffer | null {
  const letters = text
    .replace(/^base64:/i, '')
    .replace(/[\r\n]+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/=+$/, '')
  return letters === '' ? null : fromBase64(letters.padEnd(Math.ceil(letters.length / 4) * 4, '='))
}

/** True for bytes that are hexadecimal digits as text: as a key they have half the strength of their length. */
export function isHexText(bytes: Uint8Array): boolean {
  return bytes.every(
    (byte) => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66),
  )
}

/** Without the line end that an editor or `echo` has put after it; a copy, and the original is zeroed if it was one. */
export function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.at(-1) !== 0x0a ? 0 : bytes.at(-2) === 0x0d ? 2 : 1
  if (end === 0) return bytes
  const cut = Buffer.from(bytes.subarray(0, -end))
  zero(bytes)
  return cut
}
