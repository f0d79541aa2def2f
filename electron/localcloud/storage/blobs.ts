import { randomBytes } from 'node:crypto'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolderSync } from '../../base/make-folder.ts'
import { errorCode, syncFolder } from '../durable-file.ts'

/**
 * Files of sealed bytes: `objects/ab/ID`, where ID is 128 random bits in hex and ab its first two digits. A file is written
 * under a provisional name, `ID.MARK`, and gets its own once its row is committed. So a file under its own name belongs to an
 * object that somebody has been promised, whatever the index says, and one with this run's mark does not.
 */
export interface Blobs {
  /** Writes a file and returns its id once it is durable; `publish` it after the commit. On failure nothing is left. */
  write(blocks: (id: string) => AsyncIterable<Buffer[]>): Promise<string>
  /** Gives files their own names: their rows are committed. */
  publish(ids: readonly string[]): Promise<void>
  /** Removes files that were written and not committed. */
  discard(ids: readonly string[]): Promise<void>
  open(id: string): Promise<FileHandle>
  /** Opens a file to change its description. */
  openToDescribe(id: string): Promise<FileHandle>
  /** Removes files for good; those that are gone already are no failure. */
  erase(ids: readonly string[]): Promise<void>
}

export const BLOB_ID = /^[0-9a-f]{32}$/

/** Where a file is, or will be once it is published. */
export function blobPath(dataDir: string, id: string): string {
  return join(dataDir, 'objects', id.slice(0, 2), id)
}

/** `mark` names this run of the server among those of this vault, in the characters of a file's name. */
export function openBlobs(dataDir: string, mark: string): Blobs {
  makeFolders(dataDir)
  const pathOf = (id: string): string => blobPath(dataDir, id)
  const provisional = (id: string): string => `${pathOf(id)}.${mark}`

  async function write(blocks: (id: string) => AsyncIterable<Buffer[]>): Promise<string> {
    const id = randomBytes(16).toString('hex')
    try {
      await writeDurably(provisional(id), blocks(id))
      await syncFolderLater(join(dataDir, 'objects', id.slice(0, 2)))
      return id
    } catch (error) {
      await removeQuietly(provisional(id))
      throw error
    }
  }

  async function openEither(id: string, flags: string): Promise<FileHandle> {
    try {
      return await open(pathOf(id), flags)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
    // Its row is committed, and its name is being given to it.
    return open(provisional(id), flags).catch(() => open(pathOf(id), flags))
  }

  return {
    write,
    publish: async (ids) => {
      await Promise.all(ids.map((id) => rename(provisional(id), pathOf(id)).catch(ignoreMissing)))
    },
    discard: async (ids) => {
      await Promise.all(ids.map((id) => removeQuietly(provisional(id))))
    },
    open: (id) => openEither(id, 'r'),
    openToDescribe: (id) => openEither(id, 'r+'),
    // In this order a file is found even if it is being published.
    erase: async (ids) => {
      await Promise.all(ids.map((id) => removeQuietly(provisional(id)).then(() => removeQuietly(pathOf(id)))))
    },
  }
}

/** All 256 folders at once, so that no later write has to make one durable. */
function makeFolders(dataDir: string): void {
  const objects = join(dataDir, 'objects')
  for (let first = 0; first < 256; first++) {
    makeFolderSync(join(objects, first.toString(16).padStart(2, '0')), 0o700)
  }
  syncFolder(objects)
  syncFolder(dataDir)
}

async function writeDurably(path: string, blocks: AsyncIterable<Buffer[]>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    // The next block is sealed while the last one is on its way to the disk.
    let pending: Promise<unknown> = Promise.resolve()
    for await (const block of blocks) {
      await pending
      pending = writeWhole(file, block)
      pending.catch(() => undefined)
    }
    await pending
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeWhole(file: FileHandle, block: Buffer[]): Promise<void> {
  const bytes = block.reduce((sum, buffer) => sum + buffer.length, 0)
  const { bytesWritten } = await file.writev(block)
  if (bytesWritten === bytes) return
  await file.writeFile(Buffer.concat(block).subarray(bytesWritten))
}

/** What is overwritten as soon as it is committed may be erased before it has its name. */
function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}

async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}

/** Windows cannot sync folders and needs it not: NTFS journals the rename. */
async function syncFolderLater(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
