/** Names and values that are bound to a ciphertext without being in it. */
export type EncryptionContext = Readonly<Record<string, string>>

/** Most bytes of names and values together: a policy's patterns are matched against them. */
const MAX_BYTES = 8192

/** What `isEncryptionContext` asks for, in the words of a validation message. */
export const CONTEXT_RULE = `Member must be a map of well-formed strings of at most ${MAX_BYTES} bytes`

/** Whether a value can be an encryption context. */
export function isEncryptionContext(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const texts: unknown[] = Object.entries(value).flat()
  // A lone surrogate has no UTF-8: several contexts would share an encoding.
  if (!texts.every((text) => typeof text === 'string' && text.isWellFormed())) return false
  return Buffer.byteLength(texts.join('')) <= MAX_BYTES
}

/**
 * One encoding for each context, whatever the order of its pairs: count, then each name and value, sorted by name, all
 * with 32-bit big-endian lengths, so that no two contexts share an encoding.
 */
export function encodeContext(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const)
  pairs.sort((a, b) => Buffer.compare(a[0], b[0]))
  return Buffer.concat([uint32(pairs.length), ...pairs.flat().flatMap((part) => [uint32(part.length), part])])
}

function uint32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}
