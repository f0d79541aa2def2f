/**
 * Runs `make` without stack traces for what it throws. Node finds out that a cipher's key is given as bytes by catching two
 * errors of its own, and to trace them takes longer than the cipher does; a key that Node would know at sight cannot be zeroed.
 */
export function untraced<T>(make: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
