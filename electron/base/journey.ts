/** Who did a step: this computer, S3 or KMS. */
export const ACTORS = ['computer', 's3', 'kms'] as const
export type Actor = (typeof ACTORS)[number]

/** What a step was, in the field's own terms. */
export const ACTS = [
  'request-data-key',
  'issue-data-key',
  'make-data-key',
  'wrap-data-key',
  'unwrap-data-key',
  'derive-key',
  'verify-commitment',
  'send-customer-key',
  'send',
  'encrypt',
  'decrypt',
  'verify-tag',
  'verify-checksum',
  'store',
  'fetch',
  'forget',
] as const
export type Act = (typeof ACTS)[number]

/**
 * One thing that really happened to an object's keys or bytes.
 *
 * `evidence` says how Coffer knows: `seen` if it did the step itself or saw the answer to it, `reported` if a service's
 * response says that it did so inside (S3 never shows its own data keys).
 */
export interface JourneyStep {
  actor: Actor
  act: Act
  /** One sentence for a person, without the values in `facts`. */
  text: string
  /** Algorithm, key id or ARN, the wrapped key's first bytes, KMS request id, ETag, bytes, milliseconds. Never a secret. */
  facts: Record<string, string>
  evidence: 'seen' | 'reported'
}

/** The steps of one operation, in order. */
export type Journey = JourneyStep[]
