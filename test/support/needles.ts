const BLOCK = 8
const RUN = 2 * BLOCK
const FILTER_BITS = 27

/**
 * Finds runs of 16 bytes of a known plaintext in anything, at any alignment.
 *
 * A run of 16 bytes holds at least one 8-byte block that starts at a multiple of 8 in the plaintext; so the blocks are
 * indexed, every offset of the haystack is looked up, and a hit is widened as far as both sides agree.
 */
export function runFinder(plaintext: Buffer): (haystack: Buffer) => { at: number; bytes: number } | null {
  const filter = new Uint8Array(2 ** (FILTER_BITS - 3))
  const blocks = new Map<number, number[]>()
  for (let at = 0; at + BLOCK <= plaintext.length; at += BLOCK) {
    const word = plaintext.readUInt32LE(at)
    const slot = slotOf(word)
    filter[slot >>> 3] = (filter[slot >>> 3] ?? 0) | (1 << (slot & 7))
    const same = blocks.get(word)
    if (same) same.push(at)
    else blocks.set(word, [at])
  }

  return (haystack) => {
    // The word at each offset is the one before it, moved on by a byte.
    let rolling = 0
    for (let next = 0; next < haystack.length; next += 1) {
      rolling = (rolling >>> 8) | ((haystack[next] ?? 0) << 24)
      const at = next - 3
      if (at < 0) continue
      const word = rolling >>> 0
      const slot = slotOf(word)
      if (((filter[slot >>> 3] ?? 0) & (1 << (slot & 7))) === 0) continue
      for (const block of blocks.get(word) ?? []) {
        const bytes = agreement(plaintext, block, haystack, at)
        if (bytes >= RUN) return { at, bytes }
      }
    }
    return null
  }
}

function slotOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS)
}

function agreement(a: Buffer, atA: number, b: Buffer, atB: number): number {
  let before = 0
  while (before < RUN && atA > before && atB > before && a[atA - before - 1] === b[atB - before - 1]) before += 1
  let after = 0
  while (after < RUN && atA + after < a.length && atB + after < b.length && a[atA + after] === b[atB + after])
    after += 1
  return before + after
}

/** The forms in which a secret could lie about: as it is, hex in both cases, and base64 in each of its three alignments. */
export function formsOf(secret: Buffer): Buffer[] {
  const hex = secret.toString('hex')
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), secret]).toString('base64')
    // The first and the last group of four may hold bits of neighbours.
    return text.slice(shift === 0 ? 0 : 4, -4)
  })
  return [secret, Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64.map((text) => Buffer.from(text))]
}

/** Whether any of the needles is in a haystack. */
export function findAny(needles: Buffer[]): (haystack: Buffer) => boolean {
  return (haystack) => needles.some((needle) => haystack.includes(needle))
}
