import { stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { pathBelow, sameFileMark } from './safe-path.ts'
import type { Found, Task } from './tasks.ts'

/** An object on its way out. */
export interface GetTask extends Task {
  path: string
}

/**
 * Where objects go. One object (`from` is null) goes to `to` itself, or keeps its last name in `to` if that is a folder or
 * ends with a separator. Everything below `from`, '' or a key that ends with `/`, keeps its structure in `to`; a key that cannot be a file here is
 * told as failed, and the others go on. So is the second of two objects that this system's disks take for one file: it must
 * not replace what came a moment ago; `taken` knows what came, also from other places.
 */
export async function* planGet(
  objects: AsyncIterable<Task>,
  from: string | null,
  to: string,
  platform: NodeJS.Platform = process.platform,
  taken = new Map<string, string>(),
): AsyncGenerator<Found<GetTask>, void, void> {
  for await (const object of objects) {
    try {
      const path = from === null ? await fileFor(object.key, to) : below(to, object.key.slice(from.length), platform)
      claim(taken, path, object.key, platform)
      yield { ...object, path }
    } catch (failed) {
      yield { failed, name: object.name, bucket: object.bucket, key: object.key }
    }
  }
}

/** An object whose key ends with `/` is a folder; the one that was asked for is `to` itself. */
function below(to: string, relativeKey: string, platform: NodeJS.Platform): string {
  return relativeKey === '' ? to : pathBelow(to, relativeKey.replace(/\/$/, ''), platform)
}

function claim(taken: Map<string, string>, path: string, key: string, platform: NodeJS.Platform): void {
  const mark = sameFileMark(path, platform)
  const first = taken.get(mark)
  taken.set(mark, first ?? key)
  if (first === undefined) return
  throw new CofferError('ALREADY_EXISTS', `“${key}” and “${first}” would be one file here.`, {
    hint: 'Get it alone and name its file yourself: coffer get s3://BUCKET/KEY FILE.',
  })
}

async function fileFor(key: string, to: string): Promise<string> {
  const intoFolder = to.endsWith('/') || to.endsWith(sep) || (await isFolder(to))
  const name = key.replace(/\/$/, '')
  return intoFolder ? pathBelow(to, name.slice(name.lastIndexOf('/') + 1)) : to
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}
