import { CofferError, type ErrorCode } from './errors.ts'
import { freeBytes, spaceInWords } from './free-space.ts'

/** SQLite's primary result codes that a person can do something about (sqlite.org/rescode.html). */
const CODES: Record<number, { code: ErrorCode; says: string; hint?: string }> = {
  3: { code: 'LOCAL_IO', says: 'may not be read or written by you' },
  5: { code: 'DATABASE_BUSY', says: 'is kept locked by another program' },
  6: { code: 'DATABASE_BUSY', says: 'is kept locked by another program' },
  8: { code: 'LOCAL_IO', says: 'cannot be written: it, its folder or its disk is read-only' },
  10: { code: 'LOCAL_IO', says: 'cannot be read or written: its disk fails' },
  11: { code: 'DATABASE_DAMAGED', says: 'is damaged' },
  13: { code: 'DISK_FULL', says: 'cannot be written: its disk is full' },
  14: { code: 'LOCAL_IO', says: 'cannot be opened' },
  26: { code: 'DATABASE_DAMAGED', says: 'is damaged: it is no database any more' },
}

/** Bytes that Coffer's own records take before their log is folded into the database. */
const ROOM = 16 * 1024 * 1024
/** Of a disk with less than this, a failed write is put down to that. */
const LEAST_FREE = 64 * 1024

/**
 * What SQLite says about one of Coffer's own databases, in Coffer's words; null for any other error. `path`: its file, if it
 * is known.
 */
export function databaseFailure(error: unknown, path?: string): CofferError | null {
  const errcode = errcodeOf(error)
  if (errcode === undefined) return null
  const known = CODES[isFullDisk(errcode, path) ? 13 : errcode & 0xff]
  if (known === undefined) return null
  const where = path === undefined ? "Coffer's database" : `Coffer's database ${path}`
  if (known.code !== 'DISK_FULL') {
    const facts = path === undefined ? {} : { path }
    return new CofferError(known.code, `${where} ${known.says}.`, { cause: error, facts })
  }
  const { words, facts } = path === undefined ? { words: '', facts: {} } : spaceInWords(path, ROOM)
  return new CofferError('DISK_FULL', `${where} ${known.says}.${words}`, {
    cause: error,
    facts: path === undefined ? {} : { path, ...facts },
  })
}

/** A disk that is full makes the files beside the database fail with SQLITE_IOERR, which says no more than that. */
function isFullDisk(errcode: number, path: string | undefined): boolean {
  if ((errcode & 0xff) !== 10 || path === undefined) return false
  return (freeBytes(path) ?? Infinity) < LEAST_FREE
}

/** The extended result code of an error of node:sqlite. */
function errcodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}
