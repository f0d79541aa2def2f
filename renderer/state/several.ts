/**
 * Does `work` for each, a few at once, in their order. After a failure no more are begun; it is thrown when those under way
 * have ended or failed themselves.
 */
export async function several<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  let failed = false
  const worker = async (): Promise<void> => {
    for (const one of rest) {
      if (failed) return
      try {
        await work(one)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, all.length) }, worker))
  for (const end of ended) if (end.status === 'rejected') throw end.reason as Error
}
