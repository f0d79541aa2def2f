import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noise } from '../support/files.ts'
import type { Load } from './transfers.ts'

export const MIB = 1024 * 1024
const SMALL_BYTES = 4 * 1024
const MEDIUM_BYTES = 100 * 1024
/** Files in one folder of a load of small ones. */
const A_FOLDER = 500

/** One file of noise. */
export async function largeLoad(folder: string, bytes: number): Promise<Load> {
  const path = join(folder, 'large')
  const chunk = noise(Math.min(bytes, 64 * MIB), 'large')
  const file = await open(path, 'w')
  for (let written = 0; written < bytes; written += chunk.length) {
    // Each chunk differs, as a file's would.
    chunk.writeBigUInt64LE(BigInt(written))
    await file.write(chunk, 0, Math.min(chunk.length, bytes - written))
  }
  await file.close()
  return { size: 'large', path, bytes, files: 1 }
}

/** A folder of files of so many bytes each, 500 a folder. */
export async function folderLoad(folder: string, size: 'medium' | 'small', files: number): Promise<Load> {
  const path = join(folder, size)
  const each = size === 'small' ? SMALL_BYTES : MEDIUM_BYTES
  const bytes = noise(each, size)
  for (let index = 0; index < files; index++) {
    const below = join(path, String(Math.floor(index / A_FOLDER)).padStart(3, '0'))
    if (index % A_FOLDER === 0) await mkdir(below, { recursive: true })
    bytes.writeUInt32LE(index)
    await writeFile(join(below, `${String(index).padStart(6, '0')}.bin`), bytes)
  }
  return { size, path, bytes: files * each, files }
}
