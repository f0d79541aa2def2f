import { randomBytes } from 'node:crypto'
import { link, lstat, open, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { openDraft, type Draft, type OpenDraft } from './draft.ts'
import { describeLocalFailure, errnoOf } from '../base/local-failure.ts'
import { makeFolder } from '../base/make-folder.ts'
import { refuseMoved, requireInside } from './inside.ts'
import { syncFolder } from './sync-folder.ts'

/** Where a file shall stand in the end. */
export interface Destination {
  path: string
  /** A folder that a person named, of which the file is to stay inside. Undefined: the person named the path itself. */
  root?: string | undefined
  /** `refuse`: a file that is there, or appears meanwhile, stays as it is. */
  overwrite: 'refuse' | 'replace'
  mtimeMs: number | undefined
  /** POSIX permission bits. */
  fileMode: number | undefined
  /** Bytes that it will have, for what is said if the disk is full. */
  size?: number | undefined
}

/** The file beside a destination that its content goes into first. */
export interface Temporary {
  path: string
  /** It is there already, and `fill` goes on with it. */
  isKept: boolean
  /** True if it shall stay although `fill` threw this. */
  outlives(error: unknown): boolean
}

/**
 * Writes a file so that its path holds either what was there or all of the new content, never a piece: a temporary beside
 * it (mode 0600), `fill`, fsync, rename, fsync of the folder. If `fill` throws, the temporary is removed, unless it was
 * asked to stay, and nothing else has happened. Throws ALREADY_EXISTS, INVALID_INPUT for a link inside the root, DISK_FULL, LOCAL_IO, FILE_NOT_FOUND, and what `fill`
 * throws.
 */
export async function writeDestination<T>(
  to: Destination,
  fill: (draft: Draft) => Promise<T>,
  temporary: Temporary = passing(join(dirname(to.path), temporaryName())),
): Promise<T> {
  try {
    if (to.root !== undefined) await requireInside(to.root, to.path)
    if (to.overwrite === 'refuse') await refuseIfTaken(to.path)
    const result = await fillTemporary(temporary, to, fill)
    await moveIntoPlace(temporary.path, to)
    await syncFolder(dirname(to.path))
    return result
  } catch (error) {
    if (!temporary.outlives(error)) await rm(temporary.path, { force: true }).catch(() => undefined)
    throw describeLocalFailure(error, to.path, to.size)
  }
}

function temporaryName(): string {
  return `.coffer-${randomBytes(8).toString('hex')}.part`
}

/** A temporary that goes with whatever ends its transfer. */
export function passing(path: string): Temporary {
  return { path, isKept: false, outlives: () => false }
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

async function fillTemporary<T>(temporary: Temporary, to: Destination, fill: (draft: Draft) => Promise<T>): Promise<T> {
  const draft = await openInFolder(temporary)
  const { root, path } = to
  try {
    // Nothing is written before it is sure where; and nothing is moved into another folder than that.
    const folder = root === undefined ? null : await requireInside(root, path)
    const result = await fill(draft)
    await restore(draft.file, to)
    await draft.file.sync()
    if (root !== undefined) refuseMoved(folder, await requireInside(root, path), path)
    return result
  } finally {
    await draft.file.close()
  }
}

/** Its folder is there nearly always, so it is only made once it is missed. */
async function openInFolder({ path, isKept }: Temporary): Promise<OpenDraft> {
  try {
    return await openDraft(path, isKept)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || isKept) throw error
    await makeFolder(dirname(path))
    return openDraft(path, isKept)
  }
}

/** The permissions come from a bucket that others may write: they never make a file writable for everyone, or setuid. */
export const SAFE_MODE = 0o775

/** A file whose permissions nobody kept stays its owner's alone. */
async function restore(file: FileHandle, { mtimeMs, fileMode }: Destination): Promise<void> {
  if (fileMode !== undefined) await file.chmod(fileMode & SAFE_MODE)
  if (mtimeMs !== undefined) await file.utimes(timeOf(mtimeMs), timeOf(mtimeMs))
}

/** Node takes a negative number of seconds, a date before 1970, for now; as a text it is taken for what it is. */
export function timeOf(milliseconds: number): string {
  return String(milliseconds / 1_000)
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
export const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN'])

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

export function alreadyThere(path: string): CofferError {
  return new CofferError('ALREADY_EXISTS', `There is a file already: ${path}`, { facts: { path } })
}
