/* The frame in index.html is on the screen before anything else is read. */
await new Promise<void>((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve))
  // Nothing is painted in a tab that nobody looks at.
  setTimeout(resolve, 200)
})
await import('./window.ts')

export {}
