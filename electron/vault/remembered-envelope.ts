import { isEnvelopeName } from '../envelope/names.ts'
import { parseEnvelope } from '../envelope/parse.ts'
import type { ObjectFacts } from '../modes/mode.ts'
import type { CatalogEntry } from '../store/catalog.ts'

/**
 * Gives an object back the envelope that its server has lost, or mixed with another one: there are servers that keep metadata
 * until their next start only. It is the remembered one of just these bytes, for ETag and size are the same; that it belongs
 * to them, its tag proves on each read.
 */
export function restoreEnvelope(facts: ObjectFacts, known: CatalogEntry | null): void {
  if (known?.envelope === undefined || known.etag !== facts.etag || known.size !== facts.size) return
  if (isWhole(facts.metadata)) return
  const others = Object.entries(facts.metadata).filter(([name]) => !isEnvelopeName(name))
  facts.metadata = { ...Object.fromEntries(others), ...known.envelope }
  facts.isRestored = true
}

/** What of an object's metadata is to be remembered as its envelope; undefined: it has none, or not all of it there. */
export function envelopeIn({ metadata }: Pick<ObjectFacts, 'metadata'>): Record<string, string> | undefined {
  return isWhole(metadata) ? envelopeFields(metadata) : undefined
}

/** The entries of metadata that belong to an envelope. */
function envelopeFields(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => isEnvelopeName(name)))
}

function isWhole(metadata: Record<string, string>): boolean {
  try {
    return parseEnvelope(metadata) !== null
  } catch {
    return false
  }
}
