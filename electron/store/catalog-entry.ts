import type { CatalogEntry } from './catalog.ts'

/** True if what is known of an object already is all that there is to know. */
export function isSameEntry(known: CatalogEntry | null, entry: CatalogEntry): boolean {
  const { etag, size, mode, keyId, format, envelope } = entry
  if (known === null || known.etag !== etag || known.size !== size) return false
  if (known.mode !== mode || known.keyId !== keyId || known.format !== format) return false
  return envelope === undefined || JSON.stringify(known.envelope) === JSON.stringify(envelope)
}

/** What is told of an object, with the envelope that is known of the same bytes where nothing is told of it. */
export function withEnvelope(known: CatalogEntry | null, entry: CatalogEntry): CatalogEntry {
  if (entry.envelope !== undefined || known?.envelope === undefined) return entry
  const isSame = known.etag === entry.etag && known.size === entry.size && known.mode === entry.mode
  return isSame ? { ...entry, envelope: known.envelope } : entry
}
