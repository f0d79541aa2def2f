import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { writePrivate } from '../store/private-file.ts'

/** A secret too long for a keychain entry: where it lies and the key that opens it. The key is for the keychain only. */
export interface WrappedFile {
  /** 32 hex characters, new for every write, so that the old file stays until the entry points at the new one. */
  name: string
  /** AES-256, used for this one file. */
  key: Buffer
}

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Writes `value` under a fresh key as IV, AES-256-GCM ciphertext and tag, bound to its account, and opens it again to be
 * sure. Throws INTEGRITY if it cannot.
 */
export async function wrap(folder: string, account: string, value: Uint8Array): Promise<WrappedFile> {
  const file: WrappedFile = { name: randomBytes(16).toString('hex'), key: randomBytes(32) }
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', file.key, iv).setAAD(Buffer.from(account))
  const sealed = Buffer.concat([iv, cipher.update(value), cipher.final(), cipher.getAuthTag()])
  await makeFolder(folder, 0o700)
  await writePrivate(join(folder, file.name), sealed)
  zero(await openWrapped(folder, account, file))
  return file
}

/** Throws INTEGRITY if the file is missing or was changed. */
export async function openWrapped(folder: string, account: string, file: WrappedFile): Promise<Buffer> {
  try {
    const sealed = await readFile(join(folder, file.name))
    const tagAt = sealed.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', file.key, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(account)).setAuthTag(sealed.subarray(tagAt))
    const value = decipher.update(sealed.subarray(IV_BYTES, tagAt))
    decipher.final()
    return value
  } catch (cause) {
    throw new CofferError('INTEGRITY', `The sealed secret in ${join(folder, file.name)} is missing or damaged.`, {
      cause,
      hint: 'Put the file back from a backup, import the key again, or restore its recovery kit.',
    })
  }
}

export async function removeWrapped(folder: string, file: WrappedFile): Promise<void> {
  await rm(join(folder, file.name), { force: true })
}
