import { randomBytes, randomInt } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { rootKeyCheck, rootKeyId } from '../base/root-key-id.ts'
import { withLock } from '../store/lock.ts'
import type { SecretReader, SecretWriter } from './secret-store.ts'

type Secrets = SecretReader & SecretWriter

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

/** Which root key a data folder needs. */
export interface FolderKey {
  /** The id of the root key that the folder was made with (`rootKeyId`); null for one that has none yet. */
  id: string | null
  /** The folder holds nothing yet, so that a root key may be made for it. */
  mayMake: boolean
}

const ROOT_KEY = 'local/root-key'
const OWNER = 'local/owner'

/**
 * The root key of a data folder, and the owner. This Coffer's own root key is made at first use; those that came in kits are
 * kept by their ids. `lock` keeps two processes from making two. Throws KEY_WRONG if the folder's key is not here, INTEGRITY
 * if it has gone, KEYCHAIN_*, PASSPHRASE_*.
 */
export async function localIdentity(secrets: Secrets, lock: string, folder: FolderKey): Promise<LocalIdentity> {
  const find = (): Promise<Buffer | null> =>
    folder.id === null ? ownRootKey(secrets) : findRootKey(secrets, folder.id)
  const rootKey = (await find()) ?? (await withLock(lock, async () => (await find()) ?? makeRootKey(secrets, folder)))
  try {
    return { rootKey, owner: await localOwner(secrets, lock) }
  } catch (error) {
    zero(rootKey)
    throw error
  }
}

/** The owner alone, for whoever asks a server that runs already; made at first use. Throws KEYCHAIN_*, PASSPHRASE_*. */
export async function localOwner(secrets: Secrets, lock: string): Promise<Owner> {
  return (await readOwner(secrets)) ?? withLock(lock, async () => (await readOwner(secrets)) ?? makeOwner(secrets))
}

/**
 * Keeps the root key out of a kit, and its owner if there is none here. Answers whether the root key was here before. The
 * caller zeroes it. Throws KEYCHAIN_*, PASSPHRASE_*.
 */
export async function takeIdentity(secrets: Secrets, lock: string, kit: LocalIdentity): Promise<'new' | 'known'> {
  const id = rootKeyId(rootKeyCheck(kit.rootKey))
  return await withLock(lock, async () => {
    if ((await readOwner(secrets)) === null) await writeOwner(secrets, kit.owner)
    const known = await findRootKey(secrets, id)
    zero(known)
    if (known !== null) return 'known'
    await secrets.set(accountOf(id), kit.rootKey)
    return 'new'
  })
}

function accountOf(id: string): string {
  return `${ROOT_KEY}/${id}`
}

async function findRootKey(secrets: SecretReader, id: string): Promise<Buffer | null> {
  const own = await ownRootKey(secrets)
  if (own !== null && rootKeyId(rootKeyCheck(own)) === id) return own
  zero(own)
  return await rootKeyIn(secrets, accountOf(id))
}

function ownRootKey(secrets: SecretReader): Promise<Buffer | null> {
  return rootKeyIn(secrets, ROOT_KEY)
}

/** Null if it is not there, or is no root key. */
async function rootKeyIn(secrets: SecretReader, account: string): Promise<Buffer | null> {
  const rootKey = await secrets.get(account)
  if (rootKey?.length === 32) return rootKey
  zero(rootKey)
  return null
}

async function makeRootKey(secrets: SecretWriter, { id, mayMake }: FolderKey): Promise<Buffer> {
  if (id !== null) {
    throw new CofferError('KEY_WRONG', "The root key of This computer's data folder is not here.", {
      hint: 'Open it with its recovery kit (coffer up --data FOLDER --kit FILE), or with the COFFER_HOME and the keychain it was made with.',
      facts: { rootKey: id },
    })
  }
  if (!mayMake) {
    throw new CofferError('INTEGRITY', "This computer's root key is gone from where keys are kept.", {
      hint: 'Restore its recovery kit (coffer key restore FILE), or put the keychain or the sealed key file back from a backup.',
    })
  }
  const rootKey = randomBytes(32)
  try {
    await secrets.set(ROOT_KEY, rootKey)
    return rootKey
  } catch (error) {
    zero(rootKey)
    throw error
  }
}

async function readOwner(secrets: SecretReader): Promise<Owner | null> {
  const text = await secrets.get(OWNER)
  if (text === null) return null
  const [accessKeyId, secretAccessKey] = text.toString().split(':')
  zero(text)
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null
}

async function makeOwner(secrets: SecretWriter): Promise<Owner> {
  const owner = { accessKeyId: `AKIA${base32(16)}`, secretAccessKey: randomBytes(30).toString('base64') }
  await writeOwner(secrets, owner)
  return owner
}

async function writeOwner(secrets: SecretWriter, { accessKeyId, secretAccessKey }: Owner): Promise<void> {
  const text = Buffer.from(`${accessKeyId}:${secretAccessKey}`)
  try {
    await secrets.set(OWNER, text)
  } finally {
    zero(text)
  }
}

function base32(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
