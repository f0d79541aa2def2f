/** Rows that a page key goes. */
const PAGE = 12

/** Where a key takes the cursor in a list that ends with row `last`; undefined if it is no such key or there is no row. */
export function moveTo(key: string, cursor: number, last: number): number | undefined {
  const to = {
    ArrowDown: cursor + 1,
    ArrowUp: cursor - 1,
    PageDown: cursor + PAGE,
    PageUp: cursor - PAGE,
    Home: 0,
    End: last,
  }[key]
  return to === undefined || last < 0 ? undefined : Math.min(last, Math.max(0, to))
}
