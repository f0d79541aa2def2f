import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CofferError } from '../../base/errors.ts'
import { ROOT_KEY_CHECK_FILE, rootKeyId } from '../../base/root-key-id.ts'

/** The files and folders of which any one shows that a folder holds a vault, or what is left of one. */
const VAULT = [ROOT_KEY_CHECK_FILE, 's3.db', 'kms.db', 'kms.backup', 'objects']

/** Whether a folder holds a vault; an empty folder may be the mount point of a disk. */
export function holdsVault(dataDir: string): boolean {
  return VAULT.some((name) => existsSync(join(dataDir, name)))
}

/** The id of the root key that a data folder was made with; null if it does not say. Throws LOCAL_IO. */
export function rootKeyIdOf(dataDir: string): string | null {
  const check = readIfThere(join(dataDir, ROOT_KEY_CHECK_FILE))?.toString('ascii').trim()
  return check !== undefined && /^[0-9a-f]{64}$/.test(check) ? rootKeyId(check) : null
}

/** The sealed backup of a data folder's KMS keys, or null. Throws LOCAL_IO. */
export function readKmsBackup(dataDir: string): Buffer | null {
  return readIfThere(join(dataDir, 'kms.backup'))
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new CofferError('LOCAL_IO', `${path}, a part of This computer's data, cannot be read.`, { cause })
  }
}
