import type { Hold } from './drag-out.ts'

/** Called in the event that begins a drag: follows the pointer until its button is up, wherever that happens. */
export function holdPointer(): Hold {
  let held = true
  const end = new AbortController()
  const release = (): void => {
    held = false
    end.abort()
  }
  const options = { capture: true, signal: end.signal }
  for (const type of ['pointerup', 'mouseup', 'pointercancel']) addEventListener(type, release, options)
  addEventListener('blur', ({ target }) => (target === window ? release() : undefined), options)
  // A button that went up outside of the window shows in the first move above it.
  addEventListener('pointermove', ({ buttons }) => (buttons === 0 ? release() : undefined), options)
  return { isHeld: () => held }
}
