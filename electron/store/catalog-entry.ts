import type { CatalogEntry } from './catalog.ts'

/** True if what is known of an object already is all that there is to know. */
export function isSameEntry(known: CatalogEntry | null, { etag, size, mode, keyId, format }: CatalogEntry): boolean {
  if (known === null || known.etag !== etag || known.size !== size) return false
  return known.mode === mode && known.keyId === keyId && known.format === format
}
