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
  // A server that forgets or merges leaves fields out or adds others. A field with another value was changed: reading fails.
  if (isContradicted(facts.metadata, known.envelope)) return
  // An instruction file may have been written anew for another key since. What it says counts, unless it says the same.
  if (facts.instruction !== undefined && !holdsAll({ ...facts.metadata, ...facts.instruction }, known.envelope)) return
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

function isContradicted(metadata: Record<string, string>, envelope: Record<string, string>): boolean {
  return Object.entries(envelope).some(([name, value]) => metadata[name] !== undefined && metadata[name] !== value)
}

function holdsAll(fields: Record<string, string>, envelope: Record<string, string>): boolean {
  return Object.entries(envelope).every(([name, value]) => fields[name] === value)
}

function isWhole(metadata: Record<string, string>): boolean {
  try {
    return parseEnvelope(metadata) !== null
  } catch {
    return false
  }
}
