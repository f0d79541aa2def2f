import { isCofferError } from '../../base/errors.ts'

const NOT_TOLD: ReadonlySet<string> = new Set([
  'KMS_DENIED',
  'ACCESS_DENIED',
  'UNSUPPORTED',
  'KMS_KEY_DISABLED',
  'KMS_KEY_PENDING_DELETION',
])

/** Null for what may not be seen, is not known there or cannot be asked of a key in this state; the rest still throws. */
export async function tolerating<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (isCofferError(error) && NOT_TOLD.has(error.code)) return null
    throw error
  }
}

/** `work` for each item, at most `width` at once; results in the items' order. The first failure ends it. */
export async function mapBounded<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
