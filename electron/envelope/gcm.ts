import { createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto'
import { CofferError } from '../base/errors.ts'
import { untraced } from '../base/untraced.ts'
import { TAG_BYTES, plaintextSize, refuseBeyondGcm, sealedSize } from './size.ts'
import type { Opener, Sealer } from './stream.ts'

/** One AES-256-GCM message: never used for two plaintexts. The cipher keeps its own copy of the key, so the caller may zero this one. */
export interface GcmMessage {
  key: Uint8Array
  /** 12 bytes. */
  iv: Uint8Array
  /** Additional authenticated data; null for none. */
  aad: Uint8Array | null
}

const GCM = 'aes-256-gcm'
const IV_BYTES = 12
const BLOCK_BYTES = 16

/** Enciphers one message; what is stored is the ciphertext and then the 16-byte tag. Throws TOO_LARGE beyond GCM's limit. */
export function gcmSealer({ key, iv, aad }: GcmMessage): Sealer {
  const cipher = untraced(() => createCipheriv(GCM, key, iv, { authTagLength: TAG_BYTES }))
  if (aad !== null) cipher.setAAD(aad)
  let sealed = 0
  let spent = false
  return {
    sealedSize,
    update(plaintext) {
      refuseSpent(spent)
      sealed += plaintext.length
      refuseBeyondGcm(sealed)
      return cipher.update(plaintext)
    },
    final() {
      refuseSpent(spent)
      spent = true
      cipher.final()
      return cipher.getAuthTag()
    },
    forget() {
      if (!spent) cipher.final()
      spent = true
    },
  }
}

/**
 * Deciphers one message of `storedSize` bytes, tag included. Knowing the size beforehand, it passes each chunk straight to
 * the cipher and sets the tag aside without copying anything else.
 *
 * With `replays`, plaintext that is here already can stand in for its ciphertext, which is computed from it again: GCM
 * enciphers in counter mode. The tag then covers both.
 */
export function gcmOpener({ key, iv, aad }: GcmMessage, storedSize: number, replays = false): Opener {
  const bodySize = plaintextSize(storedSize)
  const decipher = untraced(() => createDecipheriv(GCM, key, iv, { authTagLength: TAG_BYTES }))
  if (aad !== null) decipher.setAAD(aad)
  let replayed = replays ? createCipheriv('aes-256-ctr', key, counterBlock(iv, 0)) : null
  const endReplay = (): void => {
    replayed?.final()
    replayed = null
  }
  const tag = Buffer.alloc(TAG_BYTES)
  let received = 0
  let spent = false
  let ended = false
  return {
    ...(replays && {
      replay(plaintext: Uint8Array) {
        refuseSpent(spent || replayed === null)
        if (plaintext.length > bodySize - received)
          throw new CofferError('INTEGRITY', 'More is here already than the object is said to have.')
        received += plaintext.length
        if (replayed !== null) decipher.update(replayed.update(plaintext))
      },
    }),
    update(stored) {
      refuseSpent(spent)
      endReplay()
      if (stored.length > storedSize - received)
        throw new CofferError('INTEGRITY', 'More bytes came than the object is said to have.')
      const body = Math.min(Math.max(bodySize - received, 0), stored.length)
      if (body < stored.length) tag.set(stored.subarray(body), received + body - bodySize)
      received += stored.length
      return decipher.update(body < stored.length ? stored.subarray(0, body) : stored)
    },
    final() {
      refuseSpent(spent)
      endReplay()
      spent = true
      if (received < storedSize)
        throw new CofferError('TRUNCATED', `Only ${received} of the object's ${storedSize} bytes came.`)
      ended = true
      try {
        return decipher.setAuthTag(tag).final()
      } catch {
        throw new CofferError('INTEGRITY', 'The object failed its integrity check: it was damaged or changed.')
      }
    },
    forget() {
      endReplay()
      if (!ended) end(decipher)
      ended = true
    },
  }
}

/** GCM enciphers block n of its message with counter 2 + n; counter 1 is the tag's (NIST SP 800-38D, 7.1). */
export function counterBlock(iv: Uint8Array, first: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  block.set(iv)
  block.writeUInt32BE(2 + first / BLOCK_BYTES, IV_BYTES)
  return block
}

/** The end of a cipher is what wipes its key; whether it ends well does not matter here. */
function end(decipher: DecipherGCM): void {
  try {
    decipher.setAuthTag(Buffer.alloc(TAG_BYTES)).final()
  } catch {
    // The tag is not the message's.
  }
}

function refuseSpent(spent: boolean): void {
  if (spent) throw new CofferError('INTERNAL', 'A cipher was used again after its message had ended.')
}
