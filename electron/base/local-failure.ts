import { CofferError, isCofferError, type ErrorCode } from './errors.ts'
import { spaceInWords } from './free-space.ts'

const CODES: Record<string, { code: ErrorCode; says: string }> = {
  ENOENT: { code: 'FILE_NOT_FOUND', says: 'There is no such file or folder' },
  ENOTDIR: { code: 'FILE_NOT_FOUND', says: 'A part of the path is not a folder' },
  ENOSPC: { code: 'DISK_FULL', says: 'The disk is full' },
  EDQUOT: { code: 'DISK_FULL', says: 'Your quota on this disk is used up' },
  EFBIG: { code: 'DISK_FULL', says: 'The disk takes no files of this size' },
  EACCES: { code: 'LOCAL_IO', says: 'This computer does not allow it' },
  EPERM: { code: 'LOCAL_IO', says: 'This computer does not allow it' },
  EROFS: { code: 'LOCAL_IO', says: 'The disk is read-only' },
  EIO: { code: 'LOCAL_IO', says: 'The disk could not read or write it' },
  EISDIR: { code: 'INVALID_INPUT', says: 'It is a folder' },
  ENAMETOOLONG: { code: 'LOCAL_IO', says: 'The name is longer than this disk allows' },
  EMFILE: { code: 'LOCAL_IO', says: 'Too many files are open' },
}

/**
 * What this computer's disk refused, in Coffer's words. A full disk is told with what is free there and, if it is known, with
 * the bytes that were `needed`.
 */
export function describeLocalFailure(error: unknown, path: string, needed?: number): CofferError {
  if (isCofferError(error)) return error
  const errno = errnoOf(error)
  const known = errno === undefined ? undefined : CODES[errno]
  const { code, says } = known ?? { code: 'LOCAL_IO', says: `This computer could not do it (${errno ?? 'unknown'})` }
  if (code !== 'DISK_FULL') return new CofferError(code, `${says}: ${path}`, { cause: error, facts: { path } })
  const { words, facts } = spaceInWords(path, needed)
  const message = words === '' ? `${says}: ${path}` : `${says}: ${path}.${words}`
  return new CofferError(code, message, { cause: error, facts: { path, ...facts } })
}

/** An error of this computer that nobody has put into words where it happened; null if it is none. */
export function unforeseenLocalFailure(error: unknown): CofferError | null {
  const errno = errnoOf(error)
  if (errno === undefined || !(errno in CODES) || !(error instanceof Error)) return null
  const { syscall, path } = error as NodeJS.ErrnoException
  if (syscall === 'uv_cwd') {
    return new CofferError('LOCAL_IO', 'The folder that this program was started in is not there any more.', {
      cause: error,
      hint: 'Go to a folder that is there, then try again.',
    })
  }
  return path === undefined ? null : describeLocalFailure(error, path)
}

/** Node's errno name (`ENOENT`), if the error has one. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
