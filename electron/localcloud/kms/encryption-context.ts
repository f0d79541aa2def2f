/** Names and values that are bound to a ciphertext without being in it. */
export type EncryptionContext = Readonly<Record<string, string>>

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
