import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { CofferError } from '../base/errors.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { hastyDisk } from './hasty-disk.ts'
import { fileSource, notEmpty, PROBE, refuseUnlessSame, sourceOf } from './source.ts'
import type { Source } from './vault.ts'

/** Files up to so many bytes are read at once. */
export const AT_ONCE = 256 * 1024

const disk = hastyDisk()

/**
 * A small file, read as it is now, and in one go. Where the disk turns out to be slow, files are described and read as
 * `fileSource` does it. Null for a file that is not small. Throws what `fileSource` throws, and CHANGED_WHILE_READ. It
 * blocks its thread.
 */
export async function sourceReadAtOnce(path: string): Promise<Source | null> {
  try {
    return await disk(
      () => readNow(path),
      async () => {
        const source = await fileSource(path)
        return source.size > AT_ONCE ? null : source
      },
    )
  } catch (error) {
    throw describeLocalFailure(error, path)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

function readNow(path: string): Source | null {
  // Not blocking, as in source.ts: a pipe must not wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const described = fstatSync(file, { bigint: true })
    if (!described.isFile()) throw new CofferError('INVALID_INPUT', `This is not a file: ${path}`)
    if (described.size > AT_ONCE) return null
    if (described.size === 0n && readSync(file, Buffer.alloc(PROBE)) > 0) throw notEmpty(path)
    const bytes = Buffer.allocUnsafe(Number(described.size) + 1)
    let filled = 0
    for (let more = 1; more > 0 && filled < described.size; filled += more) {
      more = readSync(file, bytes, filled, bytes.length - filled, null)
    }
    refuseUnlessSame(fstatSync(file, { bigint: true }), path, described)
    return sourceOf(path, described, () => once(bytes.subarray(0, filled)))
  } finally {
    closeSync(file)
  }
}
