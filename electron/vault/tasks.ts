/** One object's work, as far as every operation has it. */
export interface Task {
  /** Path or key, as the person knows it. */
  name: string
  bucket: string
  key: string
  bytes: number
  /** Tells one state of the source from another: a file's size and date, an object's ETag. */
  mark?: string | undefined
}

/**
 * What the search turns up: a task, something that is left out (`isOwn`: of Coffer's own, which nobody misses), or something
 * that cannot even be begun.
 */
export type Found<T extends Task> =
  T | { skipped: string; why: string; isOwn?: boolean } | { failed: unknown; name: string; bucket: string; key: string }
