import { equalBytes, zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { hkdfExpand, hkdfExtract } from '../base/hkdf.ts'
import { DATA_KEY_BYTES } from './envelope.ts'

/** Length of a V3 object's message id and of its key commitment. */
export const MESSAGE_ID_BYTES = 28
export const COMMITMENT_BYTES = 28

/** ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY, 0x0073: also the content's additional authenticated data. */
export const V3_SUITE_ID = '0073'

const CONTENT_KEY_INFO = Buffer.concat([Buffer.from(V3_SUITE_ID, 'hex'), Buffer.from('DERIVEKEY')])
const COMMITMENT_INFO = Buffer.concat([Buffer.from(V3_SUITE_ID, 'hex'), Buffer.from('COMMITKEY')])

/** The key that enciphers a V3 object: HKDF-SHA512 (RFC 5869) of its data key, salted with its message id. 32 bytes, the caller's to zero. */
export function deriveContentKey(dataKey: Uint8Array, messageId: Uint8Array): Buffer {
  return expanding(dataKey, messageId, (expand) => expand(CONTENT_KEY_INFO, DATA_KEY_BYTES))
}

/** The public value that only this data key yields, so no other key can be passed off for it. 28 bytes. */
export function deriveCommitment(dataKey: Uint8Array, messageId: Uint8Array): Buffer {
  return expanding(dataKey, messageId, (expand) => expand(COMMITMENT_INFO, COMMITMENT_BYTES))
}

/** Compares in constant time; throws COMMITMENT_MISMATCH if the object was sealed under another data key. */
export function verifyCommitment(dataKey: Uint8Array, messageId: Uint8Array, commitment: Uint8Array): void {
  if (equalBytes(deriveCommitment(dataKey, messageId), commitment)) return
  throw new CofferError('COMMITMENT_MISMATCH', 'The object commits to another data key than the one it carries.')
}

/** Both at once, for a file that is sealed: half of their cost is one they share. */
export function deriveForSealing(
  dataKey: Uint8Array,
  messageId: Uint8Array,
): { contentKey: Buffer; commitment: Buffer } {
  return expanding(dataKey, messageId, (expand) => ({
    contentKey: expand(CONTENT_KEY_INFO, DATA_KEY_BYTES),
    commitment: expand(COMMITMENT_INFO, COMMITMENT_BYTES),
  }))
}

function expanding<T>(
  dataKey: Uint8Array,
  messageId: Uint8Array,
  use: (expand: (info: Uint8Array, length: number) => Buffer) => T,
): T {
  if (dataKey.length !== DATA_KEY_BYTES)
    throw new CofferError('ENVELOPE_INVALID', 'The data key of a key-committing object must be 32 bytes long.')
  if (messageId.length !== MESSAGE_ID_BYTES)
    throw new CofferError('ENVELOPE_INVALID', 'The message id of a key-committing object must be 28 bytes long.')
  const pseudorandomKey = hkdfExtract('sha512', dataKey, messageId)
  try {
    return use((info, length) => hkdfExpand('sha512', pseudorandomKey, info, length))
  } finally {
    zero(pseudorandomKey)
  }
}
