import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'

/** A signature is refused from five minutes on. */
const SKEW_MS = 240_000

/** The server's clock, as far as its answers told. */
export interface Clock {
  now(): Date
  /**
   * Takes an answer's Date for right. True if it is so far from the time when this clock was looked at that a signature made
   * then may have been refused for it.
   */
  correct(date: string | undefined): boolean
}

/** The client keeps how far the server's clock is ahead of this computer's, in milliseconds, for all its requests. */
export function clockOf(client: S3Client | KMSClient): Clock {
  const config = client.config as unknown as { systemClockOffset: number }
  const offset = config.systemClockOffset
  return {
    now: () => new Date(Date.now() + offset),
    correct(date) {
      const ahead = Date.parse(date ?? '') - Date.now()
      if (!(Math.abs(ahead - offset) >= SKEW_MS)) return false
      config.systemClockOffset = ahead
      return true
    },
  }
}
