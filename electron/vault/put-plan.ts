import { stat } from 'node:fs/promises'
import { fileSource, walk } from './source.ts'
import type { Found, Task } from './tasks.ts'
import type { Source } from './vault.ts'

/** A file on its way in. */
export interface PutTask extends Task {
  path: string
}

/** A file by its path, or a stream by its reference; its `name` may hold folders, with `/` between. */
export type OpenSource = (ref: string) => Promise<Source & { name?: string }>

/** True for what a host hands over itself, instead of a path. */
export function isStreamRef(ref: string): boolean {
  return /^stream:[\w-]+$/.test(ref)
}

/**
 * Where files and folders go below `key`. One file and a key that does not end with `/`: exactly that key. Everything
 * else keeps its name below `key` as a folder, and a folder keeps its structure. A path that cannot be read is told as
 * failed, and the others go on.
 */
export async function* planPut(
  paths: string[],
  bucket: string,
  key: string,
  openSource: OpenSource = fileSource,
): AsyncGenerator<Found<PutTask>, void, void> {
  const [only] = paths
  const exact = paths.length === 1 && only !== undefined && key !== '' && !key.endsWith('/') && (await isFile(only))
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  for (const path of paths) {
    try {
      if (isStreamRef(path)) {
        const { name, size } = await openSource(path)
        yield { name: name ?? path, path, bucket, key: prefix + (name ?? path), bytes: size, mark: '' }
        continue
      }
      for await (const found of walk(path)) {
        if ('skipped' in found) yield found
        else yield await taskFor(found.path, bucket, exact ? key : prefix + found.relativeKey)
      }
    } catch (failed) {
      yield { failed, name: path, bucket, key: prefix }
    }
  }
}

/** A file that is gone again since it was found fails alone. */
async function taskFor(path: string, bucket: string, key: string): Promise<Found<PutTask>> {
  try {
    const { size, mtimeMs } = await fileSource(path)
    return { name: path, path, bucket, key, bytes: size, mark: `${size} ${mtimeMs}` }
  } catch (failed) {
    return { failed, name: path, bucket, key }
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}
