/** Rows that a page key goes. */
const PAGE = 12

/** Where a key takes the cursor in a list that ends with row `last`; undefined if it is no such key or there is no row. */
export function moveTo(key: string, cursor: number, last: number): number | undefined {
  const to = target(key, cursor, last)
  return to === undefined || last < 0 ? undefined : Math.min(last, Math.max(0, to))
}

function target(key: string, cursor: number, last: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return cursor + 1
    case 'ArrowUp':
      return cursor - 1
    case 'PageDown':
      return cursor + PAGE
    case 'PageUp':
      return cursor - PAGE
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return undefined
  }
}
