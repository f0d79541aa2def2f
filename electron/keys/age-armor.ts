import { fromBase64 } from '../base/bytes.ts'
import { decodeText } from '../base/text.ts'

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
const END = '-----END AGE ENCRYPTED FILE-----'
/** Bytes in which an armored file shows what it is: a byte order mark or some blank lines may come first. */
const START_BYTES = 512

/** True for age's ASCII armor, also as Windows saves text (UTF-8 with a byte order mark, or UTF-16). */
export function isArmored(bytes: Uint8Array): boolean {
  return decodeText(bytes.subarray(0, START_BYTES))?.trimStart().startsWith(BEGIN) === true
}

/**
 * The binary form of an armored file (C2SP age.md, "ASCII armor"), or null if it is damaged. Line ends and line lengths may
 * be others than age writes: a mail program or an editor changes them, and what is in the file is authenticated.
 */
export function decodeArmor(bytes: Uint8Array): Buffer | null {
  const text = decodeText(bytes)?.trim()
  if (text?.startsWith(BEGIN) !== true || !text.endsWith(END)) return null
  return fromBase64(text.slice(BEGIN.length, -END.length).replace(/\s+/g, ''))
}
