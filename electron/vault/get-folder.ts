import { join } from 'node:path'
import { CofferError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { requireInside } from '../transfers/inside.ts'
import { describeLocalFailure, errnoOf } from '../base/local-failure.ts'
import { inspect } from './inspect.ts'
import type { GetRequest, GetResult, Vault } from './vault.ts'

/**
 * Brings back an object whose key ends with `/`. An empty one, or one that seals nothing, is a folder, and is made. One that
 * holds data can be no file where a folder may have to be. Throws INVALID_INPUT for that, and for a link in the way, what
 * `inspect` throws, and LOCAL_IO.
 */
export async function getFolder(vault: Vault, request: GetRequest, signal: AbortSignal): Promise<GetResult> {
  const started = performance.now()
  const { bucket, key, path, root } = request
  const { mode, keyId, format, bytes, journey } = await inspect(vault, request, signal)
  if (bytes !== 0) throw holdsData(bucket, key)
  await makeFolderBelow(root ?? path, path)
  return { bucket, key, path, mode, keyId, format, bytes, journey, seconds: (performance.now() - started) / 1_000 }
}

async function makeFolderBelow(root: string, path: string): Promise<void> {
  const inIt = join(path, 'file')
  try {
    await requireInside(root, inIt)
    await makeFolder(path)
    await requireInside(root, inIt)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOTDIR')
      throw new CofferError('LOCAL_IO', `There is a file where a folder should be: ${path}`, { facts: { path } })
    throw describeLocalFailure(error, path)
  }
}

function holdsData(bucket: string, key: string): CofferError {
  return new CofferError('INVALID_INPUT', `s3://${bucket}/${key} holds data, and its name is that of a folder.`, {
    hint: `Get it alone, as a file: coffer get --exact s3://${bucket}/${key} FILE`,
  })
}
