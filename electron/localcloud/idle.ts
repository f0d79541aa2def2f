/** Calls `onIdle` once nothing has been asked for `seconds` and no request is under way; null: never. */
export function idleClock(
  seconds: number | null,
  onIdle: () => void,
): { change: (by: 1 | -1) => void; stop: () => void } {
  if (seconds === null) return { change: () => undefined, stop: () => undefined }
  let underWay = 0
  let timer = setTimeout(onIdle, seconds * 1000)
  return {
    change(by) {
      underWay += by
      clearTimeout(timer)
      if (underWay === 0) timer = setTimeout(onIdle, seconds * 1000)
    },
    stop: () => clearTimeout(timer),
  }
}
