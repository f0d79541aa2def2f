import * as z from 'zod'

/** Where the window was when it was last closed. */
const schema = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().min(1).max(16_384),
  height: z.int().min(1).max(16_384),
  maximized: z.boolean(),
})

export type WindowState = z.infer<typeof schema>

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export const DEFAULT_SIZE = { width: 1280, height: 800 }
export const MIN_SIZE = { width: 900, height: 600 }

/** How much of the window must be on a screen, so that it can be taken hold of: pixels across and down. */
const HOLD = { width: 120, height: 40 }

/** Reads what `writeState` wrote; null for anything else. */
export function readState(text: string): WindowState | null {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export function writeState(state: WindowState): string {
  return `${JSON.stringify(state)}\n`
}

/**
 * The rectangle to open the window in: where it was, no smaller than it may be and no larger than its screen. A screen may
 * be gone since; then the system places the window, and `x` and `y` are missing.
 */
export function placeWindow(state: WindowState | null, screens: Rectangle[]): Partial<Rectangle> & typeof DEFAULT_SIZE {
  if (state === null) return DEFAULT_SIZE
  const screen = screens.find((area) => isReachable(state, area))
  const width = Math.max(state.width, MIN_SIZE.width)
  const height = Math.max(state.height, MIN_SIZE.height)
  if (screen === undefined) return { width, height }
  return { x: state.x, y: state.y, width: Math.min(width, screen.width), height: Math.min(height, screen.height) }
}

/** True if the top of the window, by which it is moved, is on this screen. */
function isReachable({ x, y, width }: Rectangle, screen: Rectangle): boolean {
  const across = Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x)
  return across >= HOLD.width && y >= screen.y && y + HOLD.height <= screen.y + screen.height
}
