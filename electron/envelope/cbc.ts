import { createDecipheriv } from 'node:crypto'
import { CofferError } from '../base/errors.ts'
import type { Opener } from './stream.ts'

const BLOCK_BYTES = 16

/** The most plaintext a CBC object can hold; how much it does hold is known only from its padding. */
export function cbcPlaintextBound(storedSize: number): number {
  return Math.max(storedSize - 1, 0)
}

/**
 * Deciphers a legacy AES-256-CBC object with PKCS #7 padding, which nothing authenticates. Every failure is the same error,
 * so that none of them tells an attacker about the padding (CVE-2020-8911).
 */
export function cbcOpener(key: Uint8Array, iv: Uint8Array, storedSize: number): Opener {
  const decipher = createDecipheriv('aes-256-cbc', key, iv)
  let received = 0
  let ended = false
  return {
    update(stored) {
      received += stored.length
      return decipher.update(stored)
    },
    final() {
      if (received !== storedSize || received === 0 || received % BLOCK_BYTES !== 0) throw unreadable()
      ended = true
      try {
        return decipher.final()
      } catch {
        throw unreadable()
      }
    },
    forget() {
      if (ended) return
      ended = true
      try {
        decipher.final()
      } catch {
        // Its end is what wipes the key; the padding does not matter here.
      }
    },
  }
}

function unreadable(): CofferError {
  return new CofferError(
    'INTEGRITY',
    'The object could not be decrypted: its key is wrong, or it was damaged or changed.',
  )
}
