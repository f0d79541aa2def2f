import type { EnvelopeFormat, ObservedMode } from '../base/mode-names.ts'

/** What Coffer remembers of one object, valid for as long as its ETag is. */
export interface CatalogEntry {
  place: string
  bucket: string
  key: string
  etag: string
  size: number
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
}
