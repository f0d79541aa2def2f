import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isAlive } from '../base/process-alive.ts'

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
 * Replaces a file whole and for good: a temporary next to it (mode 0600), fsync, rename, fsync of the folder. Whoever reads
 * meanwhile sees the old content or the new, also after a power cut. `temporary`: its path, if somebody else sees to what
 * is left when the process dies; otherwise the next write in this folder does (sweepPrivate).
 */
export async function writePrivate(path: string, content: Uint8Array, temporary?: string): Promise<void> {
  await viaTemporary(path, content, temporary, (from) => rename(from, path))
}

/**
 * The same for a file that must not be there yet: nobody else's file is ever replaced, and no half of it is ever there.
 * Throws Node's EEXIST.
 */
export async function writeNewPrivate(path: string, content: Uint8Array, temporary?: string): Promise<void> {
  await viaTemporary(path, content, temporary, async (from) => {
    try {
      // link(2) fails if the name is taken, at the very moment; rename(2) would replace what appeared meanwhile.
      await link(from, path)
      await rm(from)
    } catch (error) {
      if (!isWithoutLinks(error)) throw error
      await renameNew(from, path)
    }
  })
}

async function viaTemporary(
  path: string,
  content: Uint8Array,
  temporary: string | undefined,
  move: (from: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path)
  if (temporary === undefined) sweepPrivate(folder)
  const from = temporary ?? join(folder, `.${process.pid}-${randomBytes(8).toString('hex')}.tmp`)
  try {
    const file = await open(from, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await move(from)
  } catch (error) {
    await rm(from, { force: true })
    throw error
  }
  await syncFolder(folder)
}

/** exFAT, FAT32 and some network disks have no hard links. */
function isWithoutLinks(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN'].includes(code)
}

/** Takes the name with an empty file of our own, then puts the real one over it. */
async function renameNew(from: string, path: string): Promise<void> {
  await (await open(path, 'wx', 0o600)).close()
  try {
    await rename(from, path)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Removes the temporaries in a folder whose processes are gone. */
export function sweepPrivate(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const pid = /^\.(\d+)-[0-9a-f]{16}\.tmp(?:-journal|-wal|-shm)?$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true })
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
