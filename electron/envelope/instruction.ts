import { OLD, V3 } from './names.ts'

/** Names whose value other clients write as a JSON number. */
const NUMBERS = ['x-amz-tag-len', 'x-amz-unencrypted-content-length']

/**
 * Reads the body of an instruction file: a JSON object of metadata names and strings. Null if it is anything else, for then it
 * is someone's file that only happens to be called so.
 */
export function parseInstruction(body: Uint8Array): Record<string, string> | null {
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries: [string, string][] = []
  for (const [name, entry] of Object.entries(value)) {
    const text = typeof entry === 'number' && NUMBERS.includes(name.toLowerCase()) ? String(entry) : (entry as unknown)
    if (typeof text !== 'string') return null
    entries.push([name, text])
  }
  return Object.fromEntries(entries)
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return null
  }
}

/** True for the fields of an instruction file that hold an object's wrapped key, and so belong to an envelope. */
export function holdsWrappedKey(fields: Record<string, string>): boolean {
  return Object.keys(fields).some((name) => WRAPPED_KEYS.has(name.toLowerCase()))
}

const WRAPPED_KEYS = new Set<string>([OLD.keyV1, OLD.keyV2, V3.key])
