/** Wakes one waiter; a ring with nobody waiting is kept for the next. */
export interface Bell {
  ring(): void
  /** Answers at the next ring or, if told so, after so many milliseconds. */
  wait(most?: number): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let wake: (() => void) | null = null
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait(most) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = most === undefined ? undefined : setTimeout(resolve, most)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      rung = false
      wake = null
    },
  }
}
