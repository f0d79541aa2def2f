import type { CofferError, ErrorCode } from '../base/errors.ts'

const OF_PLACE: ReadonlySet<ErrorCode> = new Set([
  'NETWORK',
  'TLS',
  'BUCKET_NOT_FOUND',
  'WRONG_REGION',
  'CREDENTIALS_MISSING',
  'CREDENTIALS_EXPIRED',
  'BAD_CREDENTIALS',
  'CLOCK_SKEW',
])

/** True if a failure is no single object's: what comes after would fail for the same reason. */
export function isOfPlace({ code }: CofferError): boolean {
  return OF_PLACE.has(code)
}
