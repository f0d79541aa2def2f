/**
 * The place of a member that a JSON text names twice in one object; undefined if there is none. JSON.parse keeps the last of
 * them without a word, and a condition that is dropped holds for everyone. The text has to be valid JSON.
 */
export function duplicateMember(json: string): PropertyKey[] | undefined {
  const open: { names: Set<string> | undefined; path: PropertyKey[]; index: number }[] = []
  // Strings with what tells a member's name from a value, and the brackets; everything else has no say here.
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[[\]{},]/gs)) {
    const inner = open.at(-1)
    if (token === '{' || token === '[') {
      const path = inner ? [...inner.path] : []
      if (inner && !inner.names) path.push(inner.index)
      open.push({ names: token === '{' ? new Set() : undefined, path, index: 0 })
    } else if (token === '}' || token === ']') {
      open.pop()
    } else if (token === ',' && inner) {
      inner.index++
      if (inner.names) inner.path = inner.path.slice(0, depthOf(open))
    } else if (colon !== undefined && text !== undefined && inner?.names) {
      const name = JSON.parse(text) as string
      inner.path = [...inner.path.slice(0, depthOf(open)), name]
      if (inner.names.has(name)) return inner.path
      inner.names.add(name)
    }
  }
  return undefined
}

/** How long the path to the innermost object is: a name or an index for each that it is in. */
function depthOf(open: readonly object[]): number {
  return open.length - 1
}
