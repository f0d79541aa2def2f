import type { ErrorCode, Failure } from '../../electron/api/contract.ts'

/** Why a place, or one of its services, cannot be used. */
export type PlaceState = 'Locked' | 'Refused' | 'Not reachable' | 'No credentials'

/** No server answered, or it answered that it cannot work at the moment. */
const UNREACHABLE = new Set<ErrorCode>(['NETWORK', 'TLS', 'SERVER', 'LOCAL_SERVER'])

/** The place's keys are here, but its keychain or sealed file is not open. */
const LOCKED = /^(?:KEYCHAIN|PASSPHRASE)_/

/** The state of a place that failed so: a server that answers no has refused. */
export function stateOf({ code }: Pick<Failure, 'code'>): PlaceState {
  if (LOCKED.test(code)) return 'Locked'
  // Nobody was asked: there is nothing to sign a request with.
  if (code === 'CREDENTIALS_MISSING') return 'No credentials'
  return UNREACHABLE.has(code) ? 'Not reachable' : 'Refused'
}
