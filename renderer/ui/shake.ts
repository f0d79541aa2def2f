/** Pixels to the side, one after another. */
const WAY = [0, -7, 6, -5, 4, -2, 0]

/** Shakes a field whose content was refused. Not for people who want no motion. */
export function shake(element: HTMLElement): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  element.animate(
    WAY.map((x) => ({ transform: `translateX(${x}px)` })),
    { duration: 320, easing: 'ease-out' },
  )
}
