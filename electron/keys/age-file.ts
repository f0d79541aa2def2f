import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Decrypter, Encrypter } from 'age-encryption'
import { CofferError } from '../base/errors.ts'
import { writePrivate } from '../store/private-file.ts'

/** log2 of scrypt's N. About 0.7 s and 128 MiB to open, and as much for each guess of a thief. */
const WORK_FACTOR = 17

/**
 * Writes a file that only the passphrase opens, in the format of age (age-encryption.org/v1, scrypt recipient), so the
 * standard `age` tool opens it too. Replaced whole or not at all.
 */
export async function writeAgeFile(
  path: string,
  passphrase: string,
  plaintext: Uint8Array,
  workFactor = WORK_FACTOR,
): Promise<void> {
  const encrypter = new Encrypter()
  encrypter.setScryptWorkFactor(workFactor)
  encrypter.setPassphrase(passphrase)
  const sealed = await encrypter.encrypt(plaintext)
  await writeDigests(path, sealed)
  await writePrivate(path, sealed)
}

/**
 * Opens such a file; the plaintext is the caller's to zero. Throws PASSPHRASE_WRONG if the file is whole and the passphrase
 * is not its own, INTEGRITY if the file was changed, FILE_NOT_FOUND if there is none.
 */
export async function readAgeFile(path: string, passphrase: string): Promise<Uint8Array> {
  const sealed = await readSealed(path)
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(sealed)
  } catch (cause) {
    // A wrong passphrase and a changed scrypt stanza look the same to age.
    const wrongPassphrase = /no identity matched/.test(String(cause)) && (await isAsWritten(path, sealed))
    if (wrongPassphrase) throw new CofferError('PASSPHRASE_WRONG', `The passphrase does not open ${path}.`, { cause })
    throw new CofferError('INTEGRITY', `${path} is damaged or was changed.`, {
      cause,
      hint: 'Put the file back from a backup.',
    })
  }
}

async function readSealed(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CofferError(missing ? 'FILE_NOT_FOUND' : 'LOCAL_IO', `${path} cannot be read.`, { cause })
  }
}

/**
 * Beside the file lie the SHA-256 digests of its last two versions, written before the newer one takes its place: whenever
 * the power goes, the version that is there is listed. They tell damage from a wrong passphrase and protect nothing.
 */
function digestPath(path: string): string {
  return `${path}.sha256`
}

async function writeDigests(path: string, sealed: Uint8Array): Promise<void> {
  const previous = await readFile(path).then(digest, () => null)
  const lines = previous === null ? [digest(sealed)] : [digest(sealed), previous]
  await writePrivate(digestPath(path), Buffer.from(`${lines.join('\n')}\n`))
}

async function isAsWritten(path: string, sealed: Uint8Array): Promise<boolean> {
  const known = await readFile(digestPath(path), 'utf8').catch(() => null)
  return known === null || known.split('\n').includes(digest(sealed))
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
