import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { CofferError } from '../base/errors.ts'
import { errnoOf } from '../base/local-failure.ts'

/** A file that is being written beside its destination, for its owner's eyes only. */
export interface Draft {
  /** Appends, one call at a time. */
  write(bytes: Uint8Array): Promise<void>
  /** Reads its first `size` bytes back, in order, each piece valid until the next; what comes after them is cut off. */
  readBack(size: number): AsyncGenerator<Buffer>
  /** Makes what was written so far survive a loss of power. */
  sync(): Promise<void>
}

export interface OpenDraft extends Draft {
  file: FileHandle
}

const PIECE = 4 * 1024 * 1024

const FRESH = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL
/** A link in its place is not followed. Windows has no such flag; then it counts as none. */
const KEPT = constants.O_RDWR | constants.O_NOFOLLOW

/**
 * Makes a fresh file (mode 0600), or opens the one that an earlier transfer has left. Throws INTEGRITY if that is not such
 * a file as Coffer leaves, and the system's own errors.
 */
export async function openDraft(path: string, isKept: boolean): Promise<OpenDraft> {
  if (!isKept) return draftOf(await open(path, FRESH, 0o600))
  const file = await open(path, KEPT).catch((error: unknown) => {
    throw ['ENOENT', 'ELOOP', 'EISDIR'].includes(errnoOf(error) ?? '') ? notAsLeft() : error
  })
  try {
    await refuseForeign(file)
    return draftOf(file)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Others may write into the folder: what they put in the place of a draft is not gone on with. */
async function refuseForeign(file: FileHandle): Promise<void> {
  const { uid, mode, nlink } = await file.stat()
  const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o7077) === 0)
  if (!isOurs || nlink !== 1) throw notAsLeft()
}

export function notAsLeft(): CofferError {
  return new CofferError('INTEGRITY', 'What an interrupted download left is not as it was left.')
}

function draftOf(file: FileHandle): OpenDraft {
  let end = 0
  return {
    file,
    async write(bytes) {
      // A write may take fewer bytes than it was given.
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, end)
        at += bytesWritten
        end += bytesWritten
      }
    },
    async *readBack(size) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, size))
      while (end < size) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - end), end)
        if (bytesRead === 0) throw notAsLeft()
        end += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
      await file.truncate(size)
    },
    sync: () => file.datasync(),
  }
}
