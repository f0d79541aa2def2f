import { writeFileSync } from 'node:fs'
import { freeBytes } from '../../base/free-space.ts'
import { diskFullMessage, isDiskFull, RESERVED_BYTES, sqliteCode } from '../disk-space.ts'
import { S3Error } from '../request.ts'
import { suspectMark } from '../storage/inspect-database.ts'
import type { Storage } from '../storage/storage.ts'

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * A failure of the disk in words of S3's kind; other errors as they are. Neither code is one of AWS's, which has no disk that
 * could be full: 507 (RFC 4918, Insufficient Storage) is no status that clients try again at.
 */
export function storageFailure(error: unknown, { dataDir, indexPath }: Storage, needed?: number): unknown {
  const code = sqliteCode(error)
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) {
    markSuspect(indexPath)
    return new S3Error(
      'IndexDamaged',
      500,
      'The index of what is stored is damaged. It is made anew at the next start.',
    )
  }
  return isDiskFull(error, dataDir) ? insufficientStorage(dataDir, needed) : error
}

const SMALL_BYTES = 32 << 10
const ASK_MILLISECONDS = 100
/** When the disk was last seen to have room. */
let roomySince = -Infinity

/**
 * Throws InsufficientStorage unless a body of this many bytes can be stored and some room is left to delete with. Removed
 * content that is still kept gives way first.
 */
export async function requireRoom({ dataDir, removals }: Storage, bytes: number): Promise<void> {
  const needed = bytes + RESERVED_BYTES
  // Thousands of small files a second need not ask each: what is reserved holds many of them.
  if (bytes <= SMALL_BYTES && performance.now() - roomySince < ASK_MILLISECONDS) return
  if (hasRoom(dataDir, needed)) {
    roomySince = performance.now()
    return
  }
  await removals.sweep(true).catch(() => undefined)
  if (!hasRoom(dataDir, needed)) throw insufficientStorage(dataDir, needed)
}

/** True, too, where the disk does not say: then writing fails if it must. */
function hasRoom(dataDir: string, needed: number): boolean {
  return (freeBytes(dataDir) ?? Infinity) >= needed
}

function insufficientStorage(dataDir: string, needed: number | undefined): S3Error {
  return new S3Error('InsufficientStorage', 507, diskFullMessage(dataDir, needed), {
    ...(needed === undefined ? {} : { BytesNeeded: String(needed) }),
    BytesFree: String(freeBytes(dataDir) ?? ''),
  })
}

/** The next start looks at all of the index. Without room for the mark, it looks at a small one all the same. */
function markSuspect(indexPath: string): void {
  try {
    writeFileSync(suspectMark(indexPath), '', { mode: 0o600 })
  } catch {
    // Nothing more can be done now, and the client hears of the damage.
  }
}
