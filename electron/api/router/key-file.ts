import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { toBase64, zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import type { KeyInfo } from '../../keys/keyring.ts'
import { describeLocalFailure, errnoOf } from '../../base/local-failure.ts'
import { writeNewPrivate, writePrivate } from '../../store/private-file.ts'

/** No key file or recovery kit is larger; a wrong file should not be read whole. */
const MAX_KEY_FILE = 32 * 1024 * 1024

/** A file, or the bytes of one that the host holds. The caller zeroes them. Throws as `readKeyFile`. */
export async function bytesOf(from: { path: string } | { base64: string }): Promise<Buffer> {
  return 'path' in from ? await readKeyFile(from.path) : Buffer.from(from.base64, 'base64')
}

/** The bytes of a key file or a recovery kit, the caller's to zero. Throws FILE_NOT_FOUND, INVALID_INPUT, LOCAL_IO. */
export async function readKeyFile(path: string): Promise<Buffer> {
  const bytes = await readSmallFile(path).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  if (bytes !== null) return bytes
  throw new CofferError('INVALID_INPUT', `This file is too large to be a key: ${path}`)
}

async function readSmallFile(path: string): Promise<Buffer | null> {
  return (await stat(path)).size <= MAX_KEY_FILE ? await readFile(path) : null
}

/**
 * Writes a key to a file that only its owner can read: AES as one line of base64, RSA as PEM (PKCS #8 or SPKI). A file that is
 * there is replaced whole, and only if the person says so. Throws ALREADY_EXISTS, LOCAL_IO; then nothing is left of it.
 */
export async function writeKeyFile(
  path: string,
  key: { kind: KeyInfo['kind']; bytes: Buffer },
  overwrite: 'refuse' | 'replace',
): Promise<void> {
  const text = Buffer.from(`${inText(key).trimEnd()}\n`)
  try {
    await (overwrite === 'replace' ? writePrivate(path, text) : writeNewPrivate(path, text))
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw describeLocalFailure(error, path)
    throw new CofferError('ALREADY_EXISTS', `There is a file already: ${path}`, {
      hint: 'Choose another file, or allow it to be replaced: --overwrite.',
    })
  } finally {
    zero(text)
  }
}

function inText({ kind, bytes }: { kind: KeyInfo['kind']; bytes: Buffer }): string {
  switch (kind) {
    case 'aes-256':
      return toBase64(bytes)
    case 'rsa-pair':
      return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }).export({
        format: 'pem',
        type: 'pkcs8',
      }) as string
    case 'rsa-public':
      return createPublicKey({ key: bytes, format: 'der', type: 'spki' }).export({
        format: 'pem',
        type: 'spki',
      }) as string
  }
}
