import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { makeFolderSync } from '../base/make-folder.ts'
import { alreadyThere, NO_HARD_LINKS, SAFE_MODE, timeOf, type Destination } from './destination.ts'
import { errnoOf } from '../base/local-failure.ts'
import { refuseMoved, requireInsideSync } from './inside.ts'

/** The same as `refuseIfTaken`, for whoever waits. Throws ALREADY_EXISTS, and the system's own errors. */
export function refuseIfTakenNow(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw alreadyThere(path)
}

/**
 * The same as `writeDestination`, of content that is all here and proven, for whoever waits; but the name is not made
 * durable. Throws ALREADY_EXISTS, and the system's own errors.
 */
export function writeDestinationNow(to: Destination, pieces: readonly Uint8Array[], temporary: string): void {
  try {
    if (to.root !== undefined) requireInsideSync(to.root, to.path)
    fillTemporary(temporary, to, pieces)
    moveIntoPlace(temporary, to)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function fillTemporary(temporary: string, to: Destination, pieces: readonly Uint8Array[]): void {
  const { root, path, mtimeMs, fileMode } = to
  const file = openInFolder(temporary)
  try {
    // Nothing is written before it is sure where; and nothing is moved into another folder than that.
    const folder = root === undefined ? null : requireInsideSync(root, path)
    for (const piece of pieces) {
      // A write may take fewer bytes than it was given.
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at)
    }
    if (fileMode !== undefined) fchmodSync(file, fileMode & SAFE_MODE)
    if (mtimeMs !== undefined) futimesSync(file, timeOf(mtimeMs), timeOf(mtimeMs))
    fsyncSync(file)
    if (root !== undefined) refuseMoved(folder, requireInsideSync(root, path), path)
  } finally {
    closeSync(file)
  }
}

function openInFolder(path: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  try {
    return openSync(path, flags, 0o600)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    makeFolderSync(dirname(path))
    return openSync(path, flags, 0o600)
  }
}

function moveIntoPlace(temporary: string, { path, overwrite }: Destination): void {
  if (overwrite === 'replace') return renameSync(temporary, path)
  try {
    linkSync(temporary, path)
    unlinkSync(temporary)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') throw alreadyThere(path)
    if (errno === undefined || !NO_HARD_LINKS.has(errno)) throw error
    moveByReservation(temporary, path)
  }
}

/** As `moveByReservation` in destination.ts. */
function moveByReservation(temporary: string, path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? alreadyThere(path) : error
  }
  try {
    renameSync(temporary, path)
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}
