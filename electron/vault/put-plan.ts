import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { fileSource, folderSource } from './source.ts'
import type { Found, Task } from './tasks.ts'
import type { Source } from './vault.ts'
import { walk, type WalkOptions } from './walk.ts'

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
 * else keeps its name below `key` as a folder, and a folder keeps its structure; an empty one is an object whose key ends
 * with `/`. A path that cannot be read is told as failed, as is the second of two files that would be one object, and the
 * others go on.
 */
export async function* planPut(
  paths: string[],
  bucket: string,
  key: string,
  openSource: OpenSource = fileSource,
  options: WalkOptions = {},
): AsyncGenerator<Found<PutTask>, void, void> {
  const [only] = paths
  const exact = paths.length === 1 && only !== undefined && key !== '' && !key.endsWith('/') && (await isFile(only))
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  const claimsOf = openClaims(paths)
  for (const path of paths) {
    const claim = claimsOf(path)
    try {
      if (isStreamRef(path)) {
        const { name, size } = await openSource(path)
        yield claim({ name: name ?? path, path, bucket, key: prefix + (name ?? path), bytes: size, mark: '' })
        continue
      }
      for await (const found of walk(path, options)) {
        if ('skipped' in found) yield found
        else if ('failed' in found)
          yield { failed: found.failed, name: found.path, bucket, key: prefix + found.relativeKey }
        else if ('folder' in found) yield await folderTask(found.folder, bucket, prefix + found.relativeKey)
        else yield claim(await taskFor(found.path, bucket, exact ? key : prefix + found.relativeKey))
      }
    } catch (failed) {
      yield { failed, name: path, bucket, key: prefix }
    }
  }
}

/**
 * Sees to it that no two files become one object, of which the second would replace the first. Within one path each name
 * is another one, so only what comes from several of one name, or as a stream, need be remembered.
 */
function openClaims(paths: string[]): (path: string) => (task: Found<PutTask>) => Found<PutTask> {
  const taken = new Map<string, string>()
  const names = paths.filter((path) => !isStreamRef(path)).map((path) => basename(resolve(path)))
  const counts = new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
  // What is in the root of a disk has no folder's name before it.
  const isShared = (path: string): boolean =>
    isStreamRef(path) || counts.has('') || (counts.get(basename(resolve(path))) ?? 0) > 1
  const claim = (task: Found<PutTask>): Found<PutTask> => {
    if (!('path' in task)) return task
    const first = taken.get(task.key) ?? task.path
    taken.set(task.key, first)
    return first === task.path ? task : clash(task, first)
  }
  return (path) => (isShared(path) ? claim : (task) => task)
}

function clash({ name, path, bucket, key }: PutTask, first: string): Found<PutTask> {
  const both = isStreamRef(path) ? `Two files of the name ${name}` : `${first} and ${path}`
  const failed = new CofferError('ALREADY_EXISTS', `${both} would be one object: s3://${bucket}/${key}`, {
    hint: 'Put one of them into another folder, or under another name.',
  })
  return { failed, name, bucket, key }
}

async function folderTask(path: string, bucket: string, key: string): Promise<Found<PutTask>> {
  try {
    const { mtimeMs } = await folderSource(path)
    return { name: path, path, bucket, key, bytes: 0, mark: `0 ${mtimeMs}` }
  } catch (failed) {
    return { failed, name: path, bucket, key }
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
