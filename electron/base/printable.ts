/**
 * Control characters, which a terminal obeys; those that turn the direction of text (Unicode, UAX #9), by which `gpj.exe` is
 * shown as `exe.jpg`; separators of lines and paragraphs; halves of characters that are none.
 */
const UNSHOWN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/gu

/** Text as it may be shown: names come from buckets and may hold anything. What could deceive is written as its code. */
export function printable(text: string): string {
  return text.replace(UNSHOWN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, '0')}`
  })
}

/** JSON that a terminal shows and does not obey; it says the same. `text` is JSON already, so that controls below U+0020 are escaped. */
export function printableJson(text: string): string {
  return text.replace(UNSHOWN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
