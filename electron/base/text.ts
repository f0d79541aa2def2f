/**
 * Text of a file as people's editors save it: UTF-8 with or without a byte order mark, or UTF-16 with one (Windows Notepad,
 * PowerShell's redirection). The mark is left out. Null if the bytes are no such text. The string cannot be zeroed.
 */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return 'utf-8'
}
