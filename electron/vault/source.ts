import {
  closeSync,
  constants,
  fstatSync,
  open as openCallback,
  read as readCallback,
  statSync,
  type BigIntStats,
  type Dirent,
} from 'node:fs'
import { lstat, open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { hastyDisk } from './hasty-disk.ts'
import type { Source } from './vault.ts'

/** Small enough for a processor's cache, large enough that a call a chunk does not show. */
const CHUNK = 512 * 1024

const disk = hastyDisk()

/**
 * A file on disk as it is now. Reading it later throws CHANGED_WHILE_READ if it is another file by then, or changes before
 * its end. Each chunk is valid until the next is asked for. Throws FILE_NOT_FOUND, LOCAL_IO, and INVALID_INPUT for
 * anything but a regular file.
 */
export async function fileSource(path: string): Promise<Source> {
  const described = await disk(
    () => statSync(path, { bigint: true }),
    () => stat(path, { bigint: true }),
  ).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  if (!described.isFile()) throw new CofferError('INVALID_INPUT', `This is not a file: ${path}`)
  return sourceOf(path, described, (signal) => (described.size < CHUNK ? readSmall : readFile)(path, described, signal))
}

/** A file as it was described. */
export function sourceOf(
  path: string,
  described: BigIntStats,
  read: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Source {
  return {
    size: Number(described.size),
    mtimeMs: Number(described.mtimeNs) / 1_000_000,
    fileMode: process.platform === 'win32' ? undefined : Number(described.mode) & 0o7777,
    file: { path, mtimeNs: described.mtimeNs, inode: described.ino },
    read,
  }
}

/**
 * Not blocking: if a pipe has taken the file's place, opening it must not wait for a writer. (Windows has no such flag;
 * there it is undefined, which `|` takes for 0.)
 */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

const openFile = promisify(openCallback)
const readInto = promisify(readCallback)

/**
 * A file that is read at once. Only what may wait for a disk goes to another thread: opening and reading. The rest is answered
 * from memory by then, and each trip to a thread costs as much as all of it.
 */
async function* readSmall(path: string, described: BigIntStats, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal)
  try {
    const file = await openFile(path, FLAGS)
    try {
      refuseUnlessSame(fstatSync(file, { bigint: true }), path, described)
      const buffer = Buffer.allocUnsafe(Number(described.size) + 1)
      let filled = 0
      for (let more = 1; more > 0 && filled < described.size; filled += more) {
        more = (await readInto(file, buffer, filled, buffer.length - filled, null)).bytesRead
      }
      refuseUnlessSame(fstatSync(file, { bigint: true }), path, described)
      throwIfAborted(signal)
      if (filled > 0) yield buffer.subarray(0, filled)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw describeLocalFailure(error, path)
  }
}

async function* readFile(path: string, described: BigIntStats, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  try {
    refuseUnlessSame(await file.stat({ bigint: true }), path, described)
    yield* chunksOf(file, Math.min(CHUNK, Number(described.size) + 1), signal)
    refuseUnlessSame(await file.stat({ bigint: true }), path, described)
  } catch (error) {
    throw describeLocalFailure(error, path)
  } finally {
    await file.close()
  }
}

/** Reads a chunk ahead: while one is sealed, the next comes. */
async function* chunksOf(file: FileHandle, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let buffer = Buffer.allocUnsafe(size)
  let other = Buffer.allocUnsafe(size)
  let reading = file.read(buffer, 0, size, null)
  try {
    for (;;) {
      const { bytesRead } = await reading
      throwIfAborted(signal)
      if (bytesRead === 0) return
      const chunk = buffer.subarray(0, bytesRead)
      ;[buffer, other] = [other, buffer]
      reading = file.read(buffer, 0, size, null)
      yield chunk
    }
  } finally {
    // The file is closed next.
    await reading.catch(() => undefined)
  }
}

/** Throws CHANGED_WHILE_READ if it is another file now than the one that was described. */
export function refuseUnlessSame(now: BigIntStats, path: string, described: BigIntStats): void {
  const same =
    now.ino === described.ino &&
    now.dev === described.dev &&
    now.size === described.size &&
    now.mtimeNs === described.mtimeNs
  if (!same) throw new CofferError('CHANGED_WHILE_READ', `The file changed while it was read: ${path}`)
}

export type Walked = { path: string; relativeKey: string } | { skipped: string; why: string }

/**
 * The files at and below a path, in the order of their names. A file's key is its name; a folder's files keep the
 * folder's name and structure, with `/` between. What has no place in S3 is told, not followed: symbolic links, devices,
 * empty folders. Throws FILE_NOT_FOUND or LOCAL_IO if the path itself cannot be read.
 */
export async function* walk(path: string): AsyncGenerator<Walked, void, void> {
  const start = resolve(path)
  const entry = await lstat(start).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  yield* visit(start, basename(start), entry)
}

async function* visit(
  path: string,
  relativeKey: string,
  entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
): AsyncGenerator<Walked, void, void> {
  const why = reasonToSkip(relativeKey, entry)
  if (why !== null) yield { skipped: path, why }
  else if (entry.isFile()) yield { path, relativeKey }
  else yield* visitFolder(path, relativeKey)
}

async function* visitFolder(path: string, relativeKey: string): AsyncGenerator<Walked, void, void> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) =>
    describeLocalFailure(error, path),
  )
  if (entries instanceof CofferError) return yield { skipped: path, why: entries.message }
  if (entries.length === 0) return yield { skipped: path, why: 'An empty folder has no place in S3.' }
  entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const entry of entries) yield* visit(join(path, entry.name), joinKey(relativeKey, entry.name), entry)
}

/** The root of a disk has no name of its own. */
function joinKey(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

function reasonToSkip(
  relativeKey: string,
  entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
): string | null {
  if (entry.isSymbolicLink()) return 'Symbolic links are not followed.'
  if (!entry.isFile() && !entry.isDirectory()) return 'It is a device, a pipe or a socket.'
  if (relativeKey.includes('\uFFFD')) return 'Its name is not valid Unicode, and S3 takes no other.'
  if (/(?:^|\/)\.coffer-[0-9a-f]{16}\.part$/.test(relativeKey)) return 'It is what an interrupted download left.'
  return null
}
