import { CofferError } from '../base/errors.ts'

/** JSON of a string map in ASCII only (`\uXXXX` for the rest), because S3 mangles other characters in metadata. */
export function asciiJson(map: Record<string, string>): string {
  return JSON.stringify(map).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Reads a materials description or encryption context: a JSON object of strings. Throws ENVELOPE_INVALID. */
export function parseDescription(text: string): Record<string, string> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAMap()
  const entries = Object.entries(value)
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw notAMap()
  return Object.fromEntries(entries)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notAMap()
  }
}

function notAMap(): CofferError {
  return new CofferError(
    'ENVELOPE_INVALID',
    "The object's encryption metadata is broken: its materials description is not a JSON object of strings.",
  )
}

const ENCODED_WORD = /=\?(?:utf-8|iso-8859-1|us-ascii)\?([qb])\?([^?]*)\?=/i
const ENCODED_RUN = new RegExp(`${ENCODED_WORD.source}(?:\\s*${ENCODED_WORD.source})*`, 'gi')

/**
 * Undoes what S3 does to metadata that is not ASCII: it takes each UTF-8 byte for a Latin-1 character, and hands the result
 * out as RFC 2047 encoded-words. Text that was not treated so comes back as it is.
 */
export function repairMetadata(text: string): string {
  const decoded = text.replace(ENCODED_RUN, decodeRun)
  if (!/[\u0080-\u00ff]/.test(decoded) || /[\u0100-\uffff]/.test(decoded)) return decoded
  return decodeUtf8(Buffer.from(decoded, 'latin1')) ?? decoded
}

/** Neighbouring words are joined as bytes, since one character's bytes may be split over two. */
function decodeRun(run: string): string {
  const words = run.match(new RegExp(ENCODED_WORD.source, 'gi')) ?? []
  const bytes = Buffer.concat(words.map(decodeWord))
  return decodeUtf8(bytes) ?? bytes.toString('latin1')
}

function decodeWord(word: string): Buffer {
  const [, encoding = '', payload = ''] = ENCODED_WORD.exec(word) ?? []
  if (encoding.toLowerCase() === 'b') return Buffer.from(payload, 'base64')
  const text = payload.replaceAll('_', ' ')
  const bytes = text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1')
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
