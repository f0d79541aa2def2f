import { createDecipheriv, randomBytes } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { cbcOpener, cbcPlaintextBound } from './cbc.ts'
import { MESSAGE_ID_BYTES, deriveForSealing } from './derive.ts'
import type { Content } from './envelope.ts'
import { counterBlock, gcmOpener, gcmSealer, type GcmMessage } from './gcm.ts'
import { committedMessage, GCM_IV_BYTES, messageOf, type WritableContent } from './message.ts'
import { plaintextSize } from './size.ts'
import type { Opener, Sealer } from './stream.ts'

const BLOCK_BYTES = 16

/** What a writer needs of a fresh content cipher: its public parameters, for the metadata, and the cipher itself. */
export interface SealedContent<C extends Content = Content> {
  content: C
  sealer: Sealer
}

/**
 * Starts the encryption of one object under a fresh data key (32 bytes), which is taken over: it is zeroed before this
 * returns or throws. Format `v3` commits to the key; `v2` is AES-256-GCM under the data key itself, for older readers.
 */
export function sealContent(format: 'v3' | 'v2', dataKey: Uint8Array): SealedContent<WritableContent> {
  return format === 'v3' ? sealCommitted(dataKey, randomBytes(MESSAGE_ID_BYTES)) : sealPlainGcm(dataKey)
}

function sealCommitted(dataKey: Uint8Array, messageId: Buffer): SealedContent<WritableContent> {
  let message: GcmMessage | undefined
  try {
    const { contentKey, commitment } = deriveForSealing(dataKey, messageId)
    message = committedMessage(contentKey)
    return { content: { cipher: 'gcm-committed', format: 'v3', messageId, commitment }, sealer: gcmSealer(message) }
  } finally {
    zero(dataKey, message?.key)
  }
}

function sealPlainGcm(dataKey: Uint8Array): SealedContent<WritableContent> {
  try {
    const iv = randomBytes(GCM_IV_BYTES)
    return { content: { cipher: 'gcm', format: 'v2', iv }, sealer: gcmSealer({ key: dataKey, iv, aad: null }) }
  } finally {
    zero(dataKey)
  }
}

/**
 * Starts the decryption of one object of `storedSize` bytes. The data key is taken over: it is zeroed before this returns
 * or throws. A committed object's commitment is verified before its content key is even derived. With `replays`, it can go
 * on where an earlier decryption of the object stood, but for legacy CBC.
 */
export function openContent(content: Content, dataKey: Uint8Array, storedSize: number, replays = false): Opener {
  let message: GcmMessage | undefined
  try {
    if (content.cipher === 'cbc') return cbcOpener(dataKey, content.iv, storedSize)
    message = messageOf(content, dataKey)
    return gcmOpener(message, storedSize, replays)
  } finally {
    zero(dataKey, message?.key)
  }
}

/** Plaintext bytes of an object of `storedSize` bytes: exact for AES-GCM, an upper bound for legacy CBC. Throws TRUNCATED. */
export function openedSize(content: Content, storedSize: number): number {
  return content.cipher === 'cbc' ? cbcPlaintextBound(storedSize) : plaintextSize(storedSize)
}

/** Which stored bytes a plaintext range needs, and what to cut from their decryption. All in bytes; `last` is included. */
export interface StoredRange {
  first: number
  last: number
  skip: number
  length: number
}

/** Aligns a plaintext range to cipher blocks and clamps it to the plaintext; null if nothing of it is left. */
export function storedRange(first: number, last: number, plaintextSize: number): StoredRange | null {
  const end = Math.min(last, plaintextSize - 1)
  if (first > end) return null
  const skip = first % BLOCK_BYTES
  return { first: first - skip, last: end, skip, length: end - first + 1 }
}

/**
 * Decrypts the stored bytes of one aligned range with AES-CTR. The key is proven first where it is committed to, but the bytes
 * are not: a range never shows whether they were changed. The data key is taken over and zeroed. Throws COMMITMENT_MISMATCH,
 * and UNSUPPORTED for legacy CBC.
 */
export function openRange(content: Content, dataKey: Uint8Array, range: StoredRange, stored: Uint8Array): Buffer {
  let message: GcmMessage | undefined
  try {
    if (content.cipher === 'cbc')
      throw new CofferError('UNSUPPORTED', 'A part of a legacy CBC object cannot be read by itself.')
    if (stored.length !== range.last - range.first + 1)
      throw new CofferError('TRUNCATED', 'The range that came is not as long as the one that was asked for.')
    message = messageOf(content, dataKey)
    const decipher = createDecipheriv('aes-256-ctr', message.key, counterBlock(message.iv, range.first))
    const plaintext = decipher.update(stored)
    decipher.final()
    return plaintext.subarray(range.skip, range.skip + range.length)
  } finally {
    zero(dataKey, message?.key)
  }
}
