/**
 * What is chosen after a part of a list was read anew: each thing as it is now, and none that was in that part `before` and
 * is nowhere `now`. What lies in other parts stays as it was.
 */
export function follow<Entry>(
  chosen: ReadonlyMap<string, Entry>,
  before: ReadonlySet<string>,
  now: ReadonlyMap<string, Entry>,
): Map<string, Entry> {
  const still = new Map<string, Entry>()
  for (const [key, entry] of chosen) {
    const fresh = now.get(key)
    if (fresh !== undefined || !before.has(key)) still.set(key, fresh ?? entry)
  }
  return still
}
