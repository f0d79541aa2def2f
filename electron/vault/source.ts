import {
  closeSync,
  constants,
  fstatSync,
  open as openCallback,
  read as readCallback,
  statSync,
  type BigIntStats,
} from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
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
  if (described.size === 0n) await refuseUnlessEmpty(path)
  return sourceOf(path, described, (signal) => (described.size < CHUNK ? readSmall : readFile)(path, described, signal))
}

/** So many bytes are asked of a file that says that it is empty; some of /proc take no odd sizes. */
export const PROBE = 4096

/**
 * A file can say that it is empty and is not: those of /proc do, and those of some FUSE and network file systems. An upload
 * must know its size, and an empty object is no copy. Throws INVALID_INPUT for such a file, and LOCAL_IO.
 */
async function refuseUnlessEmpty(path: string): Promise<void> {
  const length = await readFirst(path).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  if (length > 0) throw notEmpty(path)
}

/** Of a file whose size is said to be 0. */
export function notEmpty(path: string): CofferError {
  return new CofferError('INVALID_INPUT', `The disk says that this file is empty, and it is not: ${path}`, {
    hint: 'It may be a file of the system, or one that is being written. Copy its content into a file, then put that.',
    facts: { path },
  })
}

async function readFirst(path: string): Promise<number> {
  const file = await open(path, FLAGS)
  try {
    return (await file.read(Buffer.alloc(PROBE))).bytesRead
  } finally {
    await file.close()
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // What it held would have been seen.
}

/** An empty folder, which is stored as an empty object whose key ends with `/`. Throws FILE_NOT_FOUND and LOCAL_IO. */
export async function folderSource(path: string): Promise<Source> {
  const described = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
  if (!described.isDirectory()) throw new CofferError('CHANGED_WHILE_READ', `This is no folder any more: ${path}`)
  const { mtimeNs, mode, ino } = described
  const empty = sourceOf(path, { size: 0n, mtimeNs, mode, ino }, () => nothing())
  // `mode` is that of a regular file.
  return { ...empty, fileMode: undefined, file: undefined }
}

/** A file as it was described. */
export function sourceOf(
  path: string,
  described: Pick<BigIntStats, 'size' | 'mtimeNs' | 'mode' | 'ino'>,
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
