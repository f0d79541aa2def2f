import type { EnvelopeFormat } from '../base/mode-names.ts'

/** How a data key may be wrapped in what Coffer writes: each binds the content cipher's name to the key. */
export type BoundWrap = 'AES/GCM' | 'RSA-OAEP-SHA1' | 'kms+context'

/** Older ways, read only. `AES` and `RSA` are V1's, told apart by the wrapped key's length. */
type LegacyWrap = 'kms' | 'AESWrap' | 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding' | 'AES' | 'RSA'

export type WrapAlgorithm = BoundWrap | LegacyWrap

/** The data key as it is stored, with the materials description or encryption context that goes with it. */
export interface WrappedKey<A extends WrapAlgorithm = WrapAlgorithm> {
  algorithm: A
  bytes: Buffer
  description: Record<string, string>
}

/** How the content is enciphered: AES-256-GCM under a committed, derived key; AES-256-GCM under the data key; or legacy CBC. */
export type Content =
  | { cipher: 'gcm-committed'; format: 'v3'; messageId: Buffer; commitment: Buffer }
  | { cipher: 'gcm'; format: 'v2'; iv: Buffer }
  | { cipher: 'cbc'; format: 'v2' | 'v1'; iv: Buffer; name: string }

/** Everything an object's metadata (and instruction file) says of its encryption. */
export interface Envelope {
  content: Content
  wrapped: WrappedKey
  source: 'metadata' | 'instruction-file'
}

export const V2_GCM_NAME = 'AES/GCM/NoPadding'
export const V3_SUITE_NAME = '115'

/** All data keys are AES-256 keys. */
export const DATA_KEY_BYTES = 32

/** The content cipher's name, which a bound wrap authenticates; empty for V1, which has none. */
export function contentName(content: Content): string {
  if (content.cipher === 'gcm-committed') return V3_SUITE_NAME
  return content.cipher === 'gcm' ? V2_GCM_NAME : content.name
}

/** The same for a format that is about to be written. */
export function contentNameOf(format: Exclude<EnvelopeFormat, 'v1'>): string {
  return format === 'v3' ? V3_SUITE_NAME : V2_GCM_NAME
}

/** True if the wrap does not authenticate the content cipher's name (or, for RSA, anything at all). */
function isLegacyWrap(algorithm: WrapAlgorithm): algorithm is LegacyWrap {
  return algorithm !== 'AES/GCM' && algorithm !== 'RSA-OAEP-SHA1' && algorithm !== 'kms+context'
}

/** Why an envelope proves less than Coffer asks for by itself, in words; null if it does not. */
export function legacyReason({ content, wrapped, source }: Envelope): string | null {
  if (content.cipher === 'cbc') return 'its content is encrypted with AES-CBC, which proves nothing about it'
  if (isLegacyWrap(wrapped.algorithm))
    return `its key is wrapped with ${wrapped.algorithm}, which binds no cipher to it`
  if (content.cipher === 'gcm' && source === 'instruction-file')
    return 'its key is in a separate file and not committed to, so whoever writes that file can swap the content'
  return null
}
