/**
 * The closed list of what a test of a place finds out about its server, in the order in which it is shown. A check's id is
 * stored; it never changes its meaning.
 */
export const SERVER_CHECKS = {
  'sse.false-claim': 'Claims no encryption that does not exist',
  'sse-s3.put': 'SSE-S3, whole file',
  'sse-s3.multipart': 'SSE-S3, in parts',
  'sse-s3.copy': 'SSE-S3, copied',
  'sse-kms.put': 'SSE-KMS, whole file',
  'sse-kms.multipart': 'SSE-KMS, in parts',
  'sse-kms.copy': 'SSE-KMS, copied',
  'sse-kms.unknown-key': 'SSE-KMS refuses a KMS key that does not exist',
  'sse-c.put': 'SSE-C, whole file',
  'sse-c.multipart': 'SSE-C, in parts',
  'sse-c.copy': 'SSE-C, copied',
  'sse-c.without-key': 'SSE-C files are refused without the key',
  'sse-c.wrong-key': 'SSE-C files are refused with another key',
  'sse-c.key-not-echoed': 'Answers never repeat the key',
  'kms.wrong-context': 'KMS refuses another encryption context',
  'kms.disabled-key': 'KMS refuses a disabled key',
  'metadata.exact': 'Metadata comes back byte for byte',
  'metadata.replaced': 'Metadata is replaced when a file is',
  'metadata.2-kb': 'Metadata of 2 KB is kept',
  'conditions.put': 'A file that exists is not overwritten (If-None-Match)',
  'conditions.complete': 'A file in parts does not overwrite (If-None-Match)',
  'conditions.replace': 'A file that changed is not replaced (If-Match)',
  'conditions.if-match-quoted': 'Reads of one version (If-Match, quoted)',
  'conditions.if-match-unquoted': 'Reads of one version (If-Match, unquoted)',
  'conditions.copy-source': 'A copy of a file that changed is refused',
  'checksums.wrong': 'A wrong checksum is refused',
  'checksums.kept': 'Checksums are kept',
  'versions.kept': 'Older versions are kept',
  'versions.null': 'The version “null” can be read',
  'versions.over-marker': 'A deleted file can be written again',
  'names.read': 'Unusual names can be stored and read',
  'names.listed': 'Unusual names are listed as they are',
  'sub-resource.tagging': 'Tags of an object',
  'sub-resource.retention': 'Retention of an object',
  'sub-resource.legal-hold': 'Legal hold of an object',
  'sub-resource.acl': 'Access list of an object',
  'sub-resource.annotation': 'Annotations of an object',
  'sub-resource.encryption': 'Default encryption of a bucket',
  'sub-resource.versioning': 'Versioning of a bucket',
  'sub-resource.object-lock': 'Object Lock of a bucket',
  'sub-resource.lifecycle': 'Lifecycle rules of a bucket',
  'sub-resource.cors': 'CORS rules of a bucket',
  'sub-resource.policy': 'Policy of a bucket',
  'sub-resource.bucket-tagging': 'Tags of a bucket',
} as const satisfies Record<string, string>

export type ServerCheck = keyof typeof SERVER_CHECKS

/**
 * `holds`: the server does it. `reported`: the server says that it does, consistently, and nothing from outside can prove
 * it. `refused`: it says that it does not. `wrong`: it accepts the request and does something else. `unknown`: the test
 * could not find out.
 */
export const OUTCOMES = ['holds', 'reported', 'refused', 'wrong', 'unknown'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** One thing that is known of a server. */
export interface ServerFinding {
  check: ServerCheck
  outcome: Outcome
  /** What the test saw, one sentence. Never holds a key, a credential or content. */
  detail: string
}

/** True for a stored id that this version of Coffer knows. */
export function isServerCheck(id: string): id is ServerCheck {
  return Object.hasOwn(SERVER_CHECKS, id)
}
