import { stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { pathBelow } from '../../vault/safe-path.ts'
import type { Found, Task } from './many.ts'

/** An object on its way out. */
export interface GetTask extends Task {
  path: string
}

/**
 * Where objects go. One object goes to `to` itself, or keeps its last name in `to` if that is a folder or ends with a
 * separator. Everything below a key that ends with `/` keeps its structure in `to`; a key that cannot be a file here is
 * told as failed, and the others go on.
 */
export async function* planGet(
  objects: AsyncIterable<Task>,
  from: string,
  to: string,
): AsyncGenerator<Found<GetTask>, void, void> {
  const folder = from === '' || from.endsWith('/')
  for await (const object of objects) {
    try {
      const path = folder ? pathBelow(to, object.key.slice(from.length)) : await fileFor(object.key, to)
      yield { ...object, path }
    } catch (failed) {
      yield { failed, name: object.name, bucket: object.bucket, key: object.key }
    }
  }
}

async function fileFor(key: string, to: string): Promise<string> {
  const intoFolder = to.endsWith('/') || to.endsWith(sep) || (await isFolder(to))
  return intoFolder ? pathBelow(to, key.slice(key.lastIndexOf('/') + 1)) : to
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}
