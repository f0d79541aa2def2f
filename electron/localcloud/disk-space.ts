import { statfsSync } from 'node:fs'
import { freeBytes, spaceInWords } from '../base/free-space.ts'
import { errorCode } from './durable-file.ts'

/** Bytes that stay free for what makes room again: a deletion, too, is written down before it happens. */
export const RESERVED_BYTES = 4 << 20

/** Less than a tenth of a disk is free: what is only kept for a while had better go. False where the disk does not say. */
export function isDiskTight(folder: string): boolean {
  try {
    const { bavail, blocks } = statfsSync(folder)
    return bavail < blocks / 10
  } catch {
    return false
  }
}

const SQLITE_IOERR = 10
const SQLITE_FULL = 13
/** Of a disk with less than this, an I/O error of SQLite is put down to that. */
const LEAST_FREE = 64 << 10

/**
 * Whether an operation failed for want of space: on the disk, or in this user's quota. SQLite tells some of it as an I/O error
 * only; then the disk itself is asked.
 */
export function isDiskFull(error: unknown, folder: string): boolean {
  if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) return true
  const code = sqliteCode(error)
  return code === SQLITE_FULL || (code === SQLITE_IOERR && (freeBytes(folder) ?? Infinity) < LEAST_FREE)
}

/** SQLite's primary result code (sqlite.org/rescode.html); undefined for errors that are not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return Number(error.errcode) & 0xff
}

/** Plain English, for an error's message. `needed`: bytes, where they are known. */
export function diskFullMessage(folder: string, needed?: number): string {
  return `The disk with This computer's data (${folder}) is full.${spaceInWords(folder, needed).words}`
}
