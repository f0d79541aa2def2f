import { stat } from 'node:fs/promises'
import { fileSource, walk } from './source.ts'
import type { Found, Task } from './tasks.ts'

/** A file on its way in. */
export interface PutTask extends Task {
  path: string
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
): AsyncGenerator<Found<PutTask>, void, void> {
  const [only] = paths
  const exact = paths.length === 1 && only !== undefined && key !== '' && !key.endsWith('/') && (await isFile(only))
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  for (const path of paths) {
    try {
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
    const { size } = await fileSource(path)
    return { name: path, path, bucket, key, bytes: size }
  } catch (failed) {
    return { failed, name: path, bucket, key }
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false
}
