/** How well `words` fit `title`, higher is better; null if one does not. Each must begin a word or be part of one. */
function fit(title: string, words: string): number | null {
  const text = title.toLowerCase()
  let score = 0
  for (const word of words.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word)
    if (at < 0) return null
    const beginsWord = at === 0 || text[at - 1] === ' '
    score += (beginsWord ? 2 : 1) + (at === 0 ? 1 : 0)
  }
  return score
}

/** Those that fit, best first; in their own order where they fit alike. */
export function ranked<T extends { title: string }>(all: readonly T[], words: string): T[] {
  return all
    .map((item, at) => ({ item, at, score: fit(item.title, words) }))
    .filter((one): one is { item: T; at: number; score: number } => one.score !== null)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .map(({ item }) => item)
}
