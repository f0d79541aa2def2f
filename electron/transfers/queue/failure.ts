import { CofferError, type ErrorCode } from '../../base/errors.ts'
import type { KeptFailure } from '../../store/transfer-items.ts'

export { ownError as asOwn } from '../../base/own-error.ts'

/** What may be kept of it. */
export function keptOf({ code, message, hint, facts }: CofferError): KeptFailure {
  return { code, message, hint, facts }
}

/** The failure that was kept. */
export function revived({ code, message, hint, facts }: KeptFailure): CofferError {
  return new CofferError(code, message, { hint, facts })
}

/** These would fail every other item, too, until the person has done something. */
const STANDING: ReadonlySet<ErrorCode> = new Set([
  'CREDENTIALS_MISSING',
  'CREDENTIALS_EXPIRED',
  'BAD_CREDENTIALS',
  'CLOCK_SKEW',
  'PLACE_NOT_FOUND',
  'KEYCHAIN_LOCKED',
  'KEYCHAIN_UNAVAILABLE',
  'PASSPHRASE_NEEDED',
  'PASSPHRASE_WRONG',
  'LOCAL_SERVER',
  'DISK_FULL',
  'TLS',
])

/** True if nothing else of the run may be sent: its server would keep all of it in the clear. */
export function isFinal({ code }: CofferError): boolean {
  return code === 'NOT_ENCRYPTED'
}

/** True if the whole run had better wait for the person. */
export function isStanding(error: CofferError): boolean {
  return STANDING.has(error.code)
}
