/**
 * How a server writes names into a listing that says `EncodingType url`: `form`, a space as `+` (Amazon S3 does so);
 * `percent`, a space as `%20` and `+` as itself (servers that encode as for a path); `raw`, as they are (servers that only
 * repeat the word).
 */
export type NameEncoding = 'form' | 'percent' | 'raw'

export const NAME_ENCODINGS: readonly NameEncoding[] = ['form', 'percent', 'raw']

/**
 * A name as it was before it was encoded. Never throws: what is not encoded so (its bytes are no UTF-8, or a `%` stands for
 * itself) stays as it is written.
 */
export function decodeName(text: string, encoding: NameEncoding): string {
  if (encoding === 'raw') return text
  const spaced = encoding === 'form' ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return text
  }
}

/** True if the name is another one in another encoding. */
export function isAmbiguous(text: string): boolean {
  return text.includes('%') || text.includes('+')
}

/** What no encoder leaves as it is: anything but printable ASCII, and of that, a space and the characters that no URL may hold. */
const NEVER_LEFT = /[^\x21-\x7e]|["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/

/** True if a name in a listing proves by itself that the server does not encode. */
export function isSurelyRaw(text: string): boolean {
  return NEVER_LEFT.test(text)
}
