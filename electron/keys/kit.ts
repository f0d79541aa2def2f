import { zero } from '../base/bytes.ts'
import { openChecked, sealChecked } from './checked-age.ts'
import { parseKit, serialiseKit, type KeyForKit, type KitContent } from './kit-content.ts'

export { looksLikeAge as looksLikeKit } from './checked-age.ts'
export type { KeyForKit, KeyFromKit, KitContent } from './kit-content.ts'

/**
 * Makes a recovery kit: the keys as readable JSON, in an age file that the passphrase opens, with Coffer or with the
 * standard `age` tool. The caller zeroes the keys' bytes. A lower work factor than the default is for tests.
 */
export async function sealKit(
  keys: KeyForKit[],
  passphrase: string,
  options: { madeAt?: Date; workFactor?: number } = {},
): Promise<Buffer> {
  const plaintext = serialiseKit(keys, options.madeAt ?? new Date())
  try {
    return await sealChecked(passphrase, plaintext, options.workFactor)
  } finally {
    zero(plaintext)
  }
}

/**
 * Opens a recovery kit: all its keys, or none. The caller zeroes their secrets. Throws PASSPHRASE_WRONG, INTEGRITY if any
 * byte of it was changed, UNSUPPORTED if a newer Coffer made it.
 */
export async function openKit(sealed: Uint8Array, passphrase: string): Promise<KitContent> {
  const plaintext = await openChecked(passphrase, sealed)
  try {
    return parseKit(plaintext)
  } finally {
    zero(plaintext)
  }
}
