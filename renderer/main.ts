/* The frame in index.html is on the screen before anything else is read. */
await new Promise<void>((resolve) => {
  new PerformanceObserver(() => resolve()).observe({ type: 'paint', buffered: true })
  // Nothing is painted in a tab that nobody looks at, and no window waits for ever.
  setTimeout(resolve, document.hidden ? 0 : 1_000)
})
await import('./window.ts')

export {}
