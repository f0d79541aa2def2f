/** How many entries are looked at ahead. */
const AHEAD = 16

/**
 * Hands on those of a sequence that `keep` says are to stay, in their order. Where it takes time to tell, several are asked
 * about at once, and what comes behind them waits.
 */
export async function* sift<T>(
  entries: AsyncIterable<T>,
  keep: (entry: T) => true | Promise<boolean>,
): AsyncGenerator<T, void, void> {
  const waiting: { entry: T; verdict: true | Promise<boolean> }[] = []
  async function* release(most: number): AsyncGenerator<T, void, void> {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      if (first.verdict !== true && waiting.length <= most) return
      waiting.shift()
      if (await first.verdict) yield first.entry
    }
  }
  for await (const entry of entries) {
    const verdict = keep(entry)
    // It is waited for later, or, if nobody wants to know any more, never.
    if (verdict !== true) verdict.catch(() => undefined)
    waiting.push({ entry, verdict })
    yield* release(AHEAD)
  }
  yield* release(0)
}
