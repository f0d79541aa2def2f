import type { ObservedMode } from '../../base/mode-names.ts'
import { isCofferError } from '../../base/errors.ts'
import type { Coffer } from '../context.ts'
import { toFailure } from '../failures.ts'

type Entry = Parameters<Coffer['activity']['append']>[0]

/** Runs `work` and writes down in the activity list what it was and how it ended. A cancel is nobody's news. */
export async function recorded<T>(
  coffer: Coffer,
  what: Omit<Entry, 'at' | 'outcome'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await work()
    coffer.activity.append({ ...what, ...encryptionOf(result), at: Date.now(), outcome: 'done' })
    return result
  } catch (error) {
    if (!isCofferError(error, 'CANCELLED')) {
      coffer.activity.append({ ...what, at: Date.now(), outcome: toFailure(error).code })
    }
    throw error
  }
}

/** With which mode and key it was done, where the result tells. */
function encryptionOf(result: unknown): { mode?: ObservedMode; keyId?: string | undefined } {
  if (typeof result !== 'object' || result === null || !('mode' in result)) return {}
  const { mode, keyId } = result as { mode: ObservedMode; keyId?: string | undefined }
  return { mode, keyId }
}
