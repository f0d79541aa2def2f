import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from 'node:fs'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolderSync } from '../../base/make-folder.ts'

/**
 * Files of sealed bytes: `objects/ab/ID`, where ID is 128 random bits in hex and ab its first two digits. A file gets
 * there whole (temporary, fsync, rename, fsync of the folder) and never changes afterwards.
 */
export interface Blobs {
  /** Writes a file and returns its id once it is durable. On failure nothing is left. */
  write(blocks: AsyncIterable<Buffer[]>): Promise<string>
  open(id: string): Promise<FileHandle>
  /** Keeps an object's files from being removed until the returned function is called. */
  lease(object: string): () => void
  /** Removes an object's files, as soon as nobody leases it. Files that cannot be removed now go at the next recovery. */
  remove(object: string, ids: string[]): void
  /** Removes temporaries and every file that `isNamed` does not know; for the start, when nothing is being written. */
  recover(isNamed: (id: string) => boolean): void
}

const BLOB_ID = /^[0-9a-f]{32}$/

export function openBlobs(dataDir: string): Blobs {
  const [objects, temporaries] = [join(dataDir, 'objects'), join(dataDir, 'tmp')]
  makeFolders(dataDir, objects, temporaries)
  const leases = new Map<string, { count: number; doomed: string[] }>()
  const pathOf = (id: string) => join(objects, id.slice(0, 2), id)

  async function write(blocks: AsyncIterable<Buffer[]>): Promise<string> {
    const id = randomBytes(16).toString('hex')
    const temporary = join(temporaries, id)
    try {
      await writeDurably(temporary, blocks)
      await rename(temporary, pathOf(id))
      await syncFolder(join(objects, id.slice(0, 2)))
      return id
    } catch (error) {
      await removeQuietly(temporary)
      await removeQuietly(pathOf(id))
      throw error
    }
  }

  function removeNow(ids: string[]): void {
    for (const id of ids) void removeQuietly(pathOf(id))
  }

  function release(object: string): void {
    const held = leases.get(object)
    if (!held || --held.count > 0) return
    leases.delete(object)
    removeNow(held.doomed)
  }

  return {
    write,
    open: (id) => open(pathOf(id), 'r'),
    lease: (object) => {
      const held = leases.get(object) ?? { count: 0, doomed: [] }
      held.count++
      leases.set(object, held)
      let released = false
      return () => {
        if (!released) release(object)
        released = true
      }
    },
    remove: (object, ids) => {
      const held = leases.get(object)
      if (held) held.doomed.push(...ids)
      else removeNow(ids)
    },
    recover: (isNamed) => {
      for (const name of readdirSync(temporaries)) rmSync(join(temporaries, name), { force: true })
      for (const folder of readdirSync(objects)) {
        for (const name of readdirSync(join(objects, folder))) {
          if (!BLOB_ID.test(name) || !isNamed(name)) rmSync(join(objects, folder, name), { force: true })
        }
      }
    },
  }
}

/** All 256 folders at once, so that no later write has to make one durable. */
function makeFolders(dataDir: string, objects: string, temporaries: string): void {
  makeFolderSync(temporaries, 0o700)
  for (let first = 0; first < 256; first++) {
    makeFolderSync(join(objects, first.toString(16).padStart(2, '0')), 0o700)
  }
  syncFolderNow(objects)
  syncFolderNow(dataDir)
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

async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}

/** Windows cannot sync folders and needs it not: NTFS journals the rename. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function syncFolderNow(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
