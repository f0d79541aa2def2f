import { throwIfAborted } from '../cloud/send.ts'
import { planPut } from './put-plan.ts'

/** What a put of some paths would move. */
export interface PutSize {
  files: number
  bytes: number
  /** Files and folders that it would leave out. */
  leftOut: number
}

/** Counts what `planPut` finds for the same paths. Throws CANCELLED. */
export async function measurePut(paths: string[], signal: AbortSignal): Promise<PutSize> {
  const total: PutSize = { files: 0, bytes: 0, leftOut: 0 }
  for await (const found of planPut(paths, '', '')) {
    throwIfAborted(signal)
    if ('skipped' in found || 'failed' in found) {
      total.leftOut += 1
      continue
    }
    total.files += 1
    total.bytes += found.bytes
  }
  return total
}
