import { randomBytes, randomInt } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { withLock } from '../store/lock.ts'
import type { SecretReader, SecretWriter } from './secret-store.ts'

/** In the form of IAM's access keys, so that AWS's own tools take them. */
interface Owner {
  accessKeyId: string
  secretAccessKey: string
}

/** What makes This computer this person's: made once, kept among the secrets, given to each server that is started. */
export interface LocalIdentity {
  /** 32 bytes; wraps everything secret in the data folder. The caller zeroes it. */
  rootKey: Buffer
  owner: Owner
}

const ROOT_KEY = 'local/root-key'
const OWNER = 'local/owner'

/** Reads the identity, making it at first use; `lock` keeps two processes from making two. Throws KEYCHAIN_*, PASSPHRASE_*. */
export async function localIdentity(secrets: SecretReader & SecretWriter, lock: string): Promise<LocalIdentity> {
  return (await read(secrets)) ?? withLock(lock, async () => (await read(secrets)) ?? make(secrets))
}

/** The owner alone, for whoever asks a server that runs already: the root key stays where it is. Throws as `localIdentity`. */
export async function localOwner(secrets: SecretReader & SecretWriter, lock: string): Promise<Owner> {
  const known = await readOwner(secrets)
  if (known !== null) return known
  const { rootKey, owner } = await localIdentity(secrets, lock)
  zero(rootKey)
  return owner
}

async function readOwner(secrets: SecretReader): Promise<Owner | null> {
  const text = await secrets.get(OWNER)
  if (text === null) return null
  const [accessKeyId, secretAccessKey] = text.toString().split(':')
  zero(text)
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null
}

async function read(secrets: SecretReader): Promise<LocalIdentity | null> {
  const owner = await readOwner(secrets)
  if (owner === null) return null
  const rootKey = await secrets.get(ROOT_KEY)
  if (rootKey?.length === 32) return { rootKey, owner }
  zero(rootKey)
  throw new CofferError('INTEGRITY', "This computer's root key is gone from where keys are kept.", {
    hint: 'Put the keychain, or the sealed key file, back from a backup: what This computer stores cannot be read without it.',
  })
}

/** The owner is written last: where it is, the root key is. */
async function make(secrets: SecretWriter): Promise<LocalIdentity> {
  const rootKey = randomBytes(32)
  const owner = { accessKeyId: `AKIA${base32(16)}`, secretAccessKey: randomBytes(30).toString('base64') }
  const text = Buffer.from(`${owner.accessKeyId}:${owner.secretAccessKey}`)
  try {
    await secrets.set(ROOT_KEY, rootKey)
    await secrets.set(OWNER, text)
    return { rootKey, owner }
  } catch (error) {
    zero(rootKey)
    throw error
  } finally {
    zero(text)
  }
}

function base32(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
