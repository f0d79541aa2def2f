import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, mkdir, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure, errnoOf } from './local-failure.ts'

/** Where a file shall stand in the end. */
export interface Destination {
  path: string
  /** `refuse`: a file that is there, or appears meanwhile, stays as it is. */
  overwrite: 'refuse' | 'replace'
  mtimeMs: number | undefined
  /** POSIX permission bits. */
  fileMode: number | undefined
}

export type WriteAll = (bytes: Uint8Array) => Promise<void>

/**
 * Writes a file so that its path holds either what was there or all of the new content, never a piece: a temporary beside
 * it (mode 0600), `fill`, fsync, rename, fsync of the folder. If `fill` throws, the temporary is removed and nothing else
 * has happened. Throws ALREADY_EXISTS, DISK_FULL, LOCAL_IO, FILE_NOT_FOUND, and what `fill` throws.
 */
export async function writeDestination<T>(to: Destination, fill: (write: WriteAll) => Promise<T>): Promise<T> {
  try {
    if (to.overwrite === 'refuse') await refuseIfTaken(to.path)
    await mkdir(dirname(to.path), { recursive: true })
  } catch (error) {
    throw describeLocalFailure(error, to.path)
  }
  const temporary = join(dirname(to.path), `.coffer-${randomBytes(8).toString('hex')}.part`)
  try {
    const result = await fillTemporary(temporary, to, fill)
    await moveIntoPlace(temporary, to)
    await syncFolder(dirname(to.path))
    return result
  } catch (error) {
    await rm(temporary, { force: true })
    throw describeLocalFailure(error, to.path)
  }
}

/** Throws ALREADY_EXISTS if anything is at the path, so that nothing is fetched in vain. */
export async function refuseIfTaken(path: string): Promise<void> {
  const taken = await lstat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false
      throw describeLocalFailure(error, path)
    },
  )
  if (taken) throw alreadyThere(path)
}

async function fillTemporary<T>(temporary: string, to: Destination, fill: (write: WriteAll) => Promise<T>): Promise<T> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  const file = await open(temporary, flags, 0o600)
  try {
    const result = await fill((bytes) => writeAll(file, bytes))
    await restore(file, to)
    await file.sync()
    return result
  } finally {
    await file.close()
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}

/** The permissions come from a bucket that others may write: they never make a file writable for everyone, or setuid. */
const SAFE_MODE = 0o775

/** A file whose permissions nobody kept stays its owner's alone. */
async function restore(file: FileHandle, { mtimeMs, fileMode }: Destination): Promise<void> {
  if (fileMode !== undefined) await file.chmod(fileMode & SAFE_MODE)
  if (mtimeMs !== undefined) await file.utimes(mtimeMs / 1_000, mtimeMs / 1_000)
}

async function moveIntoPlace(temporary: string, { path, overwrite }: Destination): Promise<void> {
  if (overwrite === 'replace') return rename(temporary, path)
  try {
    // link(2) fails if the name is taken, at the very moment; rename(2) would replace what appeared meanwhile.
    await link(temporary, path)
    await unlink(temporary)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') throw alreadyThere(path)
    if (errno === undefined || !NO_HARD_LINKS.has(errno)) throw error
    await moveByReservation(temporary, path)
  }
}

/** exFAT, FAT32 and some network disks. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN'])

/** Takes the name with an empty file of our own, then puts the real one over it. */
async function moveByReservation(temporary: string, path: string): Promise<void> {
  const reserved = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? alreadyThere(path) : error
  })
  await reserved.close()
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Makes the new name durable. Windows cannot open a folder; there the rename is journalled by NTFS. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error
  }
}

function alreadyThere(path: string): CofferError {
  return new CofferError('ALREADY_EXISTS', `There is a file already: ${path}`, { facts: { path } })
}
