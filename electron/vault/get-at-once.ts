import { dirname } from 'node:path'
import { throwIfAborted } from '../cloud/send.ts'
import { passing, refuseIfTaken, writeDestination } from '../transfers/destination.ts'
import { refuseIfTakenNow, writeDestinationNow } from '../transfers/destination-at-once.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { requireInside } from '../transfers/inside.ts'
import { syncFolder } from '../transfers/sync-folder.ts'
import { lookAndFetch } from './fetch-small.ts'
import { fileTimes } from './file-metadata.ts'
import { hastyDisk } from './hasty-disk.ts'
import { conclude, openLooked, readThrough, type Reading } from './reading.ts'
import { AT_ONCE } from './source-at-once.ts'
import type { GetRequest, GetResult, Vault } from './vault.ts'

const disk = hastyDisk()

/**
 * The same as `get`, of a small object: fetched and proven as a whole, and then written in one go, by way of `temporary`. Null
 * if it is not small, or does not come by one request; then nothing was done. Throws what `get` throws. It blocks its thread
 * while the disk answers at once.
 */
export async function getAtOnce(
  vault: Vault,
  request: GetRequest,
  temporary: string,
  signal: AbortSignal,
): Promise<GetResult | null> {
  const started = performance.now()
  const { bucket, key, path, root, overwrite } = request
  if (root !== undefined) await requireInside(root, path)
  if (overwrite === 'refuse')
    await asked(
      path,
      () => refuseIfTakenNow(path),
      () => refuseIfTaken(path),
    )
  const looked = await lookAndFetch(vault, request, signal)
  if (looked.body === null || looked.facts.size > AT_ONCE) return null
  const reading = await openLooked(vault, request, looked, signal)
  try {
    const pieces: Uint8Array[] = []
    const how = { signal, checksum: false, body: looked.body }
    const done = await readThrough(vault, reading, (piece) => void pieces.push(piece), how)
    throwIfAborted(signal)
    await write(request, reading, temporary, pieces)
    const concluded = conclude(vault, request, reading, done)
    return { bucket, key, path, bytes: done.bytes, ...concluded, seconds: (performance.now() - started) / 1_000 }
  } finally {
    reading.plan.dispose()
  }
}

async function write(
  { path, root, overwrite }: GetRequest,
  { facts }: Reading,
  temporary: string,
  pieces: Uint8Array[],
) {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const to = { path, root, overwrite, size, ...fileTimes(facts.metadata, facts.lastModified) }
  const isThere = await asked(
    path,
    () => {
      writeDestinationNow(to, pieces, temporary)
      return false
    },
    async () => {
      await writeDestination(
        to,
        async (draft) => {
          for (const piece of pieces) await draft.write(piece)
        },
        passing(temporary),
      )
      return true
    },
    size,
  )
  // Those of many that are written at once share what makes their names last.
  if (!isThere) await syncFolder(dirname(path))
}

async function asked<T>(path: string, atOnce: () => T, beside: () => Promise<T>, needed?: number): Promise<T> {
  try {
    return await disk(atOnce, beside)
  } catch (error) {
    throw describeLocalFailure(error, path, needed)
  }
}
