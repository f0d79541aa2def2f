import { expect } from 'vitest'

/** Vitest compares buffers as objects with a property for each byte, which takes seconds for a megabyte. */
expect.addEqualityTesters([
  (one: unknown, other: unknown) => (Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : undefined),
])
