import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import { getRetryAfterHint, isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry'
import { isCofferError } from '../../base/errors.ts'
import { wasChangedOnTheWay } from '../changed-on-the-way.ts'
import { throwIfAborted } from '../send.ts'

type Strategy = Extract<Awaited<ReturnType<S3Client['config']['retryStrategy']>>, { recordSuccess: unknown }>

/**
 * Tries until it works, as the SDK does and out of the same budget of repeats: the client's own strategy says whether and
 * when to try again. The last failure is thrown and says how many attempts there were.
 */
export async function withRetries<T>(
  client: S3Client | KMSClient,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const strategy = (await client.config.retryStrategy()) as Strategy
  let token = await strategy.acquireInitialRetryToken('')
  for (let attempts = 1; ; attempts++) {
    try {
      const result = await attempt()
      strategy.recordSuccess(token)
      return result
    } catch (thrown) {
      throwIfAborted(signal)
      const error = named(thrown)
      const hint = getRetryAfterHint(error.$response)
      const info = { error, errorType: kindOf(error), ...(hint === undefined ? {} : { retryAfterHint: hint }) }
      const next = await orAborted(strategy.refreshRetryTokenForRetry(token, info), signal).catch(() => null)
      throwIfAborted(signal)
      if (next === null) {
        if (!isCofferError(error)) error.$metadata = { ...error.$metadata, attempts }
        throw error
      }
      token = next
    }
  }
}

type Failure = Parameters<typeof isTransientError>[0] & { code?: unknown }

/** Connections that broke have one name for the SDK, whatever broke them. */
function named(thrown: unknown): Failure {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as Failure
  if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'].includes(String(error.code))) error.name = 'TimeoutError'
  return error
}

function kindOf(error: Failure): 'THROTTLING' | 'TRANSIENT' | 'SERVER_ERROR' | 'CLIENT_ERROR' {
  if (isThrottlingError(error)) return 'THROTTLING'
  if (isTransientError(error) || wasChangedOnTheWay(error)) return 'TRANSIENT'
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR'
}

async function orAborted<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('aborted'))
    signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([waiting, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
