/** The five ways to encrypt in S3. */
export const MODE_IDS = ['sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c'] as const
export type ModeId = (typeof MODE_IDS)[number]

/** What a person may choose for a write: a mode, or whatever the bucket does by itself. */
export type ModeChoice = ModeId | 'bucket-default'

/** What an object turns out to be: a mode, `none` (S3 reports no encryption), or `unknown` (cannot be told without its key). */
export type ObservedMode = ModeId | 'none' | 'unknown'

/** True for what was encrypted before it came to S3. */
export function isClientSide(mode: ObservedMode): boolean {
  return mode === 'cse-kms' || mode === 'cse-c'
}

/** True for what is locked by a key of the person's own. */
export function usesCustomerKey(mode: ObservedMode | ModeChoice): mode is 'sse-c' | 'cse-c' {
  return mode === 'sse-c' || mode === 'cse-c'
}

/** Envelope format of client-side objects: `v3` commits to its key, `v2` is for older readers, `v1` is legacy, read only. */
export type EnvelopeFormat = 'v3' | 'v2' | 'v1'
