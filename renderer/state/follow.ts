/**
 * Where chosen rows are after a part of the list was read anew: each goes where its key went, and one whose key is gone is
 * dropped. `offset` is the first row of that part; rows elsewhere stay.
 */
export function follow(
  chosen: readonly number[],
  offset: number,
  before: readonly string[],
  after: readonly string[],
): number[] {
  const places = new Map(after.map((key, at) => [key, offset + at]))
  return chosen.flatMap((index) => {
    const key = before[index - offset]
    if (index < offset || key === undefined) return [index]
    const to = places.get(key)
    return to === undefined ? [] : [to]
  })
}
