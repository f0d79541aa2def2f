import { statSync } from 'node:fs'

/**
 * What tells a file from a copy of it: its inode and when that was made. A database keeps its own, so that it knows when it
 * was copied or restored: a database file that was copied while a server wrote to it may be inconsistent without SQLite
 * noticing it.
 */
export function fileIdentity(path: string): string {
  const { ino, birthtimeMs } = statSync(path, { bigint: true })
  return `${String(ino)}.${String(birthtimeMs)}`
}
