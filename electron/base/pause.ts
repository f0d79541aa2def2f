import { CofferError, isCofferError } from './errors.ts'

/**
 * The reason with which a signal is aborted to pause what it stops: all that is needed to go on later stays, while after any
 * other reason nothing is left behind. What was paused throws it: code PAUSED.
 */
export function pausedReason(): CofferError {
  return new CofferError('PAUSED', 'Paused.')
}

/** True if the signal was aborted to pause. */
export function isPause(signal: AbortSignal): boolean {
  return signal.aborted && isCofferError(signal.reason, 'PAUSED')
}
