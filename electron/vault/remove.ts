import type { CofferError } from '../base/errors.ts'
import { deleteMany } from './delete-many.ts'
import type { Vault } from './vault.ts'

/**
 * Deletes objects; a key that is not there is done already. In a versioned bucket this hides them: older versions stay.
 * Resolves with the keys that could not be deleted, and why. Throws if S3 cannot be asked at all.
 */
export async function remove(
  vault: Vault,
  { bucket, keys }: { bucket: string; keys: string[] },
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const names = keys.map((key) => ({ key }))
  const ondeleted = (gone: string[]): void => vault.catalog.gone(vault.place, bucket, ...gone)
  return deleteMany(vault, { bucket, names, ondeleted }, signal)
}
