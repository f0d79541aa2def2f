import type { ObservedMode } from '../../base/mode-names.ts'
import { isCofferError } from '../../base/errors.ts'
import type { Coffer } from '../context.ts'
import { toFailure } from './own-failures.ts'

type Entry = Parameters<Coffer['activity']['append']>[0]

/**
 * Runs `work` and writes down in the activity list what it was and how it ended. A cancel is nobody's news, and neither is a
 * failure that `isNews` says no to.
 */
export async function recorded<T>(
  coffer: Coffer,
  what: Omit<Entry, 'at' | 'outcome'>,
  work: () => Promise<T>,
  isNews: (error: unknown) => boolean = () => true,
): Promise<T> {
  try {
    const result = await work()
    coffer.activity.append({ ...what, ...encryptionOf(result), at: Date.now(), outcome: 'done' })
    return result
  } catch (error) {
    if (isNews(error)) noteFailure(coffer, what, error)
    throw error
  }
}

/** The same of work that tells how far it is. */
export async function* recordedSteps<T>(
  coffer: Coffer,
  what: Omit<Entry, 'at' | 'outcome'>,
  steps: AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  try {
    yield* steps
    coffer.activity.append({ ...what, at: Date.now(), outcome: 'done' })
  } catch (error) {
    noteFailure(coffer, what, error)
    throw error
  }
}

function noteFailure(coffer: Coffer, what: Omit<Entry, 'at' | 'outcome'>, error: unknown): void {
  if (isCofferError(error, 'CANCELLED')) return
  coffer.activity.append({ ...what, at: Date.now(), outcome: toFailure(error).code })
}

/** With which mode and key it was done, where the result tells. */
function encryptionOf(result: unknown): { mode?: ObservedMode; keyId?: string | undefined } {
  if (typeof result !== 'object' || result === null || !('mode' in result)) return {}
  const { mode, keyId } = result as { mode: ObservedMode; keyId?: string | undefined }
  return { mode, keyId }
}
