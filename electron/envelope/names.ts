/** Metadata names of the V1 and V2 formats, without `x-amz-meta-`. */
export const OLD = {
  keyV1: 'x-amz-key',
  keyV2: 'x-amz-key-v2',
  iv: 'x-amz-iv',
  cipher: 'x-amz-cek-alg',
  wrap: 'x-amz-wrap-alg',
  description: 'x-amz-matdesc',
  tagLength: 'x-amz-tag-len',
} as const

/** Metadata names of the V3 format. */
export const V3 = {
  cipher: 'x-amz-c',
  key: 'x-amz-3',
  wrap: 'x-amz-w',
  commitment: 'x-amz-d',
  messageId: 'x-amz-i',
  description: 'x-amz-m',
  context: 'x-amz-t',
} as const

/** Names that stay on the object in V3 even if the rest is in an instruction file. */
export const V3_ON_OBJECT: readonly string[] = [V3.cipher, V3.commitment, V3.messageId]

/**
 * The plaintext's length, which some clients of the first two formats leave on the object even if the rest is in an instruction
 * file. It is never believed, but it tells that there is an envelope.
 */
export const PLAINTEXT_LENGTH = 'x-amz-unencrypted-content-length'

const NAMES = new Set<string>([...Object.values(OLD), ...Object.values(V3), PLAINTEXT_LENGTH])

/** True for metadata that belongs to an envelope, which must not outlive it when an object is encrypted anew. */
export function isEnvelopeName(name: string): boolean {
  return NAMES.has(name.toLowerCase())
}

/** Where the envelope is, if it is not (all) in the object's metadata: the object key with this after it. */
export const INSTRUCTION_SUFFIX = '.instruction'
