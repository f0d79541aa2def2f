import { setTimeout as sleep } from 'node:timers/promises'
import { isCofferError, type ErrorCode } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'

const BASE_MS = 200
const CAP_MS = 5_000

/** NOT_S3: a network that wants its terms accepted first answers in the server's place, for a while. */
const PASSING: ErrorCode[] = ['NETWORK', 'SERVER', 'THROTTLED', 'NOT_S3']

/** True for failures that may be gone in a moment, and leave open whether the server did what was asked. */
export function isPassing(error: unknown): boolean {
  return PASSING.some((code) => isCofferError(error, code))
}

/** Waits before attempt `attempt` (1 is the first repeat): exponential, capped, full jitter, so that many do not knock at once. */
export async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const limit = Math.min(CAP_MS, BASE_MS * 2 ** attempt)
  await sleep(Math.random() * limit, undefined, { signal }).catch(() => throwIfAborted(signal))
}
