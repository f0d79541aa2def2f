import type { SavedUpload } from '../store/uploads.ts'
import { abandon } from './abandon.ts'
import type { Vault } from './vault.ts'

/**
 * The uploads that Coffer began at this place, or in one bucket of it, and that nobody is at any more, newest first. Each
 * goes on if its file is put again; until then, S3 keeps and bills what was sent of it. Asks nothing of S3.
 */
export function leftovers(vault: Vault, bucket?: string): SavedUpload[] {
  return vault.uploads.left(vault.place, bucket)
}

/**
 * Removes what is left of one upload, here and at S3; nobody else's upload is touched. True if it is gone, or was; false if
 * S3 could not be reached or refused, or somebody is at it: then it stays listed.
 */
export async function cleanUp(vault: Vault, id: number): Promise<boolean> {
  const held = vault.uploads.take(id)
  if (held === null) return !leftovers(vault).some((left) => left.id === id)
  return abandon(vault, held)
}
