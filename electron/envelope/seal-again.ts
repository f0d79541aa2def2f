import { zero } from '../base/bytes.ts'
import { gcmSealer, type GcmMessage } from './gcm.ts'
import { messageOf, type WritableContent } from './message.ts'
import type { Sealer } from './stream.ts'

/**
 * DANGEROUS: enciphers under a key and IV that have enciphered before. AES-GCM gives way entirely where two different
 * plaintexts meet under one key and IV: it shows their difference, and lets anyone forge (NIST SP 800-38D, appendix A).
 *
 * The rule for whoever calls it: nothing of what this sealer yields may leave this computer until it has been proven, byte
 * for byte from the first one on, to be what was sent before under this key, as far as that went. At the first difference
 * the sealer, the key and the upload are given up. Only modes/resume-sealed.ts may import it, for uploads that go on.
 *
 * The data key (32 bytes) is taken over: it is zeroed before this returns or throws. Throws COMMITMENT_MISMATCH.
 */
export function sealAgainUnderUsedKey(content: WritableContent, dataKey: Uint8Array): Sealer {
  let message: GcmMessage | undefined
  try {
    message = messageOf(content, dataKey)
    return gcmSealer(message)
  } finally {
    zero(dataKey, message?.key)
  }
}
