/** What is to be written goes down together: one transaction and one flush to the disk for many small writes. */
export interface Ledger {
  later: (write: () => void) => void
  /** Writes all of it now. */
  flush: () => void
}
