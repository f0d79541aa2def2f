import { readFile } from 'node:fs/promises'
import { zero } from './bytes.ts'
import { CofferError } from './errors.ts'
import { decodeText } from './text.ts'

/**
 * A passphrase from a file: its first line, in UTF-8 or UTF-16, without a byte order mark. Throws PASSPHRASE_NEEDED if the
 * file cannot be read or holds no text.
 */
export async function readPassphraseFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CofferError('PASSPHRASE_NEEDED', `The passphrase file ${path} cannot be read.`, { cause })
  })
  try {
    const text = decodeText(withMark(bytes))
    if (text !== null) return text.split(/\r?\n|\r/, 1)[0] ?? ''
    throw new CofferError('PASSPHRASE_NEEDED', `The passphrase file ${path} is not text in UTF-8 or UTF-16.`, {
      hint: 'Save it as UTF-8.',
    })
  } finally {
    zero(bytes)
  }
}

/** No passphrase holds a NUL: where every second byte is one, the file is UTF-16 without its mark. */
function withMark(bytes: Buffer): Buffer {
  const [first, second] = bytes
  if (bytes.length < 2 || bytes.length % 2 !== 0) return bytes
  if (first !== 0 && second === 0) return Buffer.concat([Buffer.of(0xff, 0xfe), bytes])
  return first === 0 && second !== 0 ? Buffer.concat([Buffer.of(0xfe, 0xff), bytes]) : bytes
}
