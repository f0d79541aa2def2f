import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'

import { TOO_SLOW } from './wire/pace.ts'

/** S3's words for a body that is not the one that was signed or summed up: it kept none of it. */
const ARRIVED_CHANGED = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch'])

interface Failure {
  name?: string
  code?: string
  $fault?: string
  $metadata?: { httpStatusCode?: number }
}

/**
 * True for a failure of the wire that looks like one of the request or the server: the body arrived with other bytes, an
 * answer that says 200 cannot be read, or one breaks the rules of HTTP (Node's parser says HPE_*). The SDK gives up on both; sent again, they arrive as they were.
 */
export function wasChangedOnTheWay(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { name = '', code, $fault, $metadata } = error as Failure
  if (ARRIVED_CHANGED.has(name) || code?.startsWith('HPE_') === true) return true
  if (code === TOO_SLOW) return false
  const status = $metadata?.httpStatusCode ?? 0
  return $fault === undefined && status >= 200 && status < 300
}

/** Has the client's own retries repeat what was changed on the way. */
export function repeatWhatWasChanged(client: S3Client | KMSClient): void {
  // Both clients' stacks take it; their types differ in nothing that matters here.
  const { middlewareStack } = client as S3Client
  middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        // A field that the SDK's retries look for (@smithy/core, isRetryableByTrait).
        if (wasChangedOnTheWay(error)) Object.assign(error as Error, { $retryable: {} })
        throw error
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'repeatWhatWasChanged' },
  )
}
