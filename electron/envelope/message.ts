import { V3_SUITE_ID, deriveContentKey, verifyCommitment } from './derive.ts'
import type { Content } from './envelope.ts'
import type { GcmMessage } from './gcm.ts'

export const GCM_IV_BYTES = 12

const COMMITTED_IV = Buffer.alloc(GCM_IV_BYTES, 0x01)
const COMMITTED_AAD = Buffer.from(V3_SUITE_ID, 'hex')

/** Content that Coffer writes. */
export type WritableContent = Exclude<Content, { cipher: 'cbc' }>

/**
 * The AES-GCM message that an object's content is, out of its public parameters and its data key. Throws COMMITMENT_MISMATCH
 * before anything is derived if it commits to another key. The message's key is the caller's to zero.
 */
export function messageOf(content: WritableContent, dataKey: Uint8Array): GcmMessage {
  if (content.cipher === 'gcm') return { key: dataKey, iv: content.iv, aad: null }
  verifyCommitment(dataKey, content.messageId, content.commitment)
  return committedMessage(deriveContentKey(dataKey, content.messageId))
}

/** The IV is fixed because the derived key is used once: its salt, the message id, is fresh for each object. */
export function committedMessage(contentKey: Uint8Array): GcmMessage {
  return { key: contentKey, iv: COMMITTED_IV, aad: COMMITTED_AAD }
}
