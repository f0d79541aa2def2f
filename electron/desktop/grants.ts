import type { Grant } from '../api/grants.ts'

/** What a person has given so far by dialogs and drops. */
export interface GrantBook {
  /** Writes it down and tells the engine; settles when it holds there. */
  give(way: Grant['way'], ...paths: string[]): Promise<void>
  /** Tells another engine, after the last one fell, of all that was given. */
  repeat(): void
}

/** A person's grants last as long as the app. `tell` reaches the engine that runs at the time, with one message a batch. */
export function openGrantBook(tell: (grants: Grant[]) => Promise<void>): GrantBook {
  const given = new Map<string, Grant>()
  return {
    async give(way, ...paths) {
      const grants = paths.map((path) => ({ way, path }))
      for (const grant of grants) given.set(`${way} ${grant.path}`, grant)
      if (grants.length > 0) await tell(grants)
    },
    repeat() {
      if (given.size > 0) void tell([...given.values()])
    },
  }
}
