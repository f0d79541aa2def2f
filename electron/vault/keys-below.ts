import { CofferError } from '../base/errors.ts'
import { listFolder } from './list.ts'
import type { Vault } from './vault.ts'
import type { Task } from './tasks.ts'

/**
 * The objects that a key names: itself, or everything below it if it is empty or ends with `/`. Objects that only mark a
 * folder (their key ends with `/`) are passed over. A single object's size is not asked for; it is 0 here. Throws
 * OBJECT_NOT_FOUND if a folder has nothing below it.
 */
export async function* keysBelow(
  vault: Vault,
  bucket: string,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<Task, void, void> {
  if (key !== '' && !key.endsWith('/')) {
    yield { name: key, bucket, key, bytes: 0 }
    return
  }
  let found = false
  for await (const entry of listFolder(vault, { bucket, prefix: key, recursive: true }, signal)) {
    found = true
    if (entry.kind === 'object' && !entry.key.endsWith('/')) {
      yield { name: entry.key, bucket, key: entry.key, bytes: entry.size, mark: entry.etag }
    }
  }
  // A folder is only its objects, so one without any is most likely a slip; an empty bucket is there all the same.
  if (!found && key !== '') throw new CofferError('OBJECT_NOT_FOUND', `There is nothing below s3://${bucket}/${key}`)
}
