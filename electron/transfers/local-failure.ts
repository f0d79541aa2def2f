import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'

const CODES: Record<string, { code: ErrorCode; says: string }> = {
  ENOENT: { code: 'FILE_NOT_FOUND', says: 'There is no such file or folder' },
  ENOTDIR: { code: 'FILE_NOT_FOUND', says: 'A part of the path is not a folder' },
  ENOSPC: { code: 'DISK_FULL', says: 'The disk is full' },
  EDQUOT: { code: 'DISK_FULL', says: 'Your quota on this disk is used up' },
  EFBIG: { code: 'DISK_FULL', says: 'The disk takes no files of this size' },
  EACCES: { code: 'LOCAL_IO', says: 'This computer does not allow it' },
  EPERM: { code: 'LOCAL_IO', says: 'This computer does not allow it' },
  EROFS: { code: 'LOCAL_IO', says: 'The disk is read-only' },
  EISDIR: { code: 'INVALID_INPUT', says: 'It is a folder' },
  ENAMETOOLONG: { code: 'LOCAL_IO', says: 'The name is longer than this disk allows' },
  EMFILE: { code: 'LOCAL_IO', says: 'Too many files are open' },
}

/** What this computer's disk refused, in Coffer's words. */
export function describeLocalFailure(error: unknown, path: string): CofferError {
  if (isCofferError(error)) return error
  const errno = errnoOf(error)
  const known = errno === undefined ? undefined : CODES[errno]
  const { code, says } = known ?? { code: 'LOCAL_IO', says: `This computer could not do it (${errno ?? 'unknown'})` }
  return new CofferError(code, `${says}: ${path}`, { cause: error, facts: { path } })
}

/** Node's errno name (`ENOENT`), if the error has one. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
