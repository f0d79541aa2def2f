import { CofferError } from './errors.ts'

/** Throws what the abort means: the CofferError it was given as reason (another part failed), else CANCELLED. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  if (signal.reason instanceof CofferError) throw signal.reason
  throw new CofferError('CANCELLED', 'Cancelled.')
}
