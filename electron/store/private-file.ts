import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Makes sure that the file exists and that only its owner may read or write it. A file that exists is never opened: closing
 * it again would drop every lock that this process has on it (fcntl(2)), SQLite's too.
 */
export function touchPrivate(path: string): void {
  if (!existsSync(path)) create(path)
  chmodSync(path, 0o600)
}

function create(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    // Another process may have been first.
    if (!existsSync(path)) throw error
  }
}

/**
 * Replaces a file whole and for good: a temporary beside it (mode 0600), fsync, rename, fsync of the folder. Whoever reads
 * meanwhile sees the old content or the new, also after a power cut.
 */
export async function writePrivate(path: string, content: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/**
 * The same for a file that must not be there yet: its name is taken first, so that nobody else's file is ever replaced.
 * Throws Node's EEXIST.
 */
export async function writeNewPrivate(path: string, content: Uint8Array): Promise<void> {
  await (await open(path, 'wx', 0o600)).close()
  try {
    await writePrivate(path, content)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Windows cannot open a folder and needs no fsync of it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
