import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'

/**
 * Content files that no row names any more. They are kept for a while: whoever copies the folder meanwhile has listed them, or
 * is about to, and would otherwise get neither the old content of a key that is overwritten nor the new one.
 */
export interface Removals {
  /** Notes files to be removed. Inside commit() only. */
  add(object: string, blobs: readonly string[]): void
  /** Keeps an object's files from being removed until the returned function is called. */
  lease(object: string): () => void
  /** Removes what has been kept long enough; everything that nobody reads, if `now` is asked for. */
  sweep(now?: boolean): Promise<void>
  /** Removes what was removed now, if files are not kept, or the disk needs their room. */
  sweepSoon(): void
  stop(): void
}

const SWEEP_MILLISECONDS = 30_000
const AT_A_TIME = 500

/** `keepMs`: how long files are kept; `isTight`: the disk has better uses for their room. */
export function openRemovals(
  database: Database,
  blobs: Blobs,
  keepMs: number,
  isTight: () => boolean = () => false,
): Removals {
  const { sql } = database
  const insert = sql.prepare('INSERT OR REPLACE INTO removals (blob, object, removed_ms) VALUES (?, ?, ?)')
  const due = sql.prepare('SELECT blob, object FROM removals WHERE removed_ms <= ? ORDER BY removed_ms LIMIT ?')
  const forget = sql.prepare('DELETE FROM removals WHERE blob = ?')
  const leases = new Map<string, number>()
  let last: Promise<unknown> = Promise.resolve()
  const stopping = new AbortController()
  const isStopped = (): boolean => stopping.signal.aborted

  async function sweepOnce(before: number): Promise<void> {
    const rows = due.all(before, AT_A_TIME) as { blob: string; object: string }[]
    const free = rows.filter(({ object }) => !leases.has(object)).map(({ blob }) => blob)
    if (free.length === 0 || isStopped()) return
    await blobs.erase(free)
    // The database is closed right after a stop; the next start forgets these rows.
    if (!isStopped()) await forgetAll(free)
    if (rows.length === AT_A_TIME) await sweepOnce(before)
  }

  function forgetAll(files: string[]): Promise<void> {
    return database.commit(() => {
      for (const blob of files) forget.run(blob)
    })
  }

  function sweep(now = false): Promise<void> {
    const swept = last.then(() => sweepOnce(now ? Infinity : Date.now() - keepMs))
    last = swept.catch(() => undefined)
    return swept
  }

  const sweepQuietly = (): void => void sweep(isTight()).catch(() => undefined)
  const sweepSoon = (): void => {
    if (keepMs === 0 || isTight()) sweepQuietly()
  }
  const timer = setInterval(sweepQuietly, SWEEP_MILLISECONDS).unref()

  return {
    add: (object, files) => {
      for (const blob of files) insert.run(blob, object, Date.now())
    },
    lease: (object) => {
      leases.set(object, (leases.get(object) ?? 0) + 1)
      let released = false
      return () => {
        if (released) return
        released = true
        const count = (leases.get(object) ?? 1) - 1
        if (count > 0) leases.set(object, count)
        else leases.delete(object)
        sweepSoon()
      }
    },
    sweep,
    sweepSoon,
    stop: () => {
      stopping.abort()
      clearInterval(timer)
    },
  }
}
