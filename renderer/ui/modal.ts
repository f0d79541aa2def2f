/**
 * Opens a dialog over everything: the platform keeps the focus inside and makes the rest inert. When it goes, the focus goes
 * back to where it was: the platform does that only for a dialog that is closed while it is still in the page.
 */
export function modal(element: HTMLDialogElement): () => void {
  const before = document.activeElement
  element.showModal()
  return () => {
    const here = document.activeElement
    const isFree = here === null || here === document.body || element.contains(here)
    element.close()
    if (isFree && before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
}

/** What is longer than its room and holds nothing that takes the focus takes it itself, so that keys scroll it. */
export function scrolledByKeys(element: HTMLElement): () => void {
  const look = (): void => {
    const own = element.querySelector('a, button, input, select, textarea, [tabindex]') === null
    if (own && element.scrollHeight > element.clientHeight) element.tabIndex = 0
    else element.removeAttribute('tabindex')
  }
  const resized = new ResizeObserver(look)
  const changed = new MutationObserver(look)
  resized.observe(element)
  changed.observe(element, { childList: true, subtree: true })
  return () => {
    resized.disconnect()
    changed.disconnect()
  }
}
