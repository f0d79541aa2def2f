import { CofferError, isCofferError } from '../base/errors.ts'
import { sift } from '../base/sift.ts'
import { instructionPairs, isInstructionFile, MAX_INSTRUCTION_BYTES } from './instruction-files.ts'
import { listFolder } from './list.ts'
import type { Task } from './tasks.ts'
import type { ListEntry, Vault } from './vault.ts'

/** What of a folder counts as objects. */
export interface Below {
  bucket: string
  /** '' for the whole bucket; a folder's ends with `/`. */
  prefix: string
  /** What instruction files end with, `.instruction` unless told; null: they come by themselves, as any other object. */
  instructionSuffix?: string | null | undefined
  /** Empty objects whose key ends with `/` come too: all, those alone that mark a folder with nothing in it, or none. */
  markers?: 'all' | 'of-empty-folders' | 'none'
}

/**
 * The objects below a folder, in S3's order. An instruction file belongs to its object and does not come by itself. Throws
 * OBJECT_NOT_FOUND if a folder has nothing below it, and what `send` throws.
 */
export async function* objectsBelow(
  vault: Vault,
  { bucket, prefix, instructionSuffix, markers = 'none' }: Below,
  signal: AbortSignal,
): AsyncGenerator<ListEntry, void, void> {
  const listed = required(listFolder(vault, { bucket, prefix, recursive: true }, signal), { bucket, prefix })
  const isPair = instructionSuffix === null ? () => false : instructionPairs(instructionSuffix)
  const isObject = ({ key, size }: ListEntry): true | Promise<boolean> => {
    if (!isPair(key) || size > MAX_INSTRUCTION_BYTES || size === 0) return true
    return isInstructionFile(vault.s3, { bucket, key }, signal).then(
      (is) => !is,
      (error: unknown) => {
        // One that cannot be read fails when its turn comes, and is told then.
        if (isCofferError(error, 'CANCELLED')) throw error
        return true
      },
    )
  }
  yield* sift(withoutMarkers(listed, markers), isObject)
}

/** A folder is only its objects, so one without any is most likely a slip; an empty bucket is there all the same. */
async function* required(
  entries: AsyncIterable<ListEntry>,
  { bucket, prefix }: Pick<Below, 'bucket' | 'prefix'>,
): AsyncGenerator<ListEntry, void, void> {
  let isEmpty = prefix !== ''
  for await (const entry of entries) {
    isEmpty = false
    yield entry
  }
  if (isEmpty) throw new CofferError('OBJECT_NOT_FOUND', `There is nothing below s3://${bucket}/${prefix}`)
}

/** True for an empty object that only marks a folder: the console and other tools make one for a folder's name. */
function isMarker({ key, size }: ListEntry): boolean {
  return key.endsWith('/') && size === 0
}

async function* withoutMarkers(
  entries: AsyncIterable<ListEntry>,
  which: NonNullable<Below['markers']>,
): AsyncGenerator<ListEntry, void, void> {
  let marker: ListEntry | undefined
  for await (const entry of entries) {
    // What is in the folder comes right behind its marker.
    if (marker !== undefined && !entry.key.startsWith(marker.key)) yield marker
    marker = undefined
    if (!isMarker(entry) || which === 'all') yield entry
    else if (which === 'of-empty-folders') marker = entry
  }
  if (marker !== undefined) yield marker
}

/**
 * The objects that a key names, as tasks: itself, or everything below it if it is empty or ends with `/` and is not `exact`. A single object's
 * size is not asked for; it is 0 here. Throws as `objectsBelow`.
 */
export async function* keysBelow(
  vault: Vault,
  below: Below & { exact?: boolean | undefined },
  signal: AbortSignal,
): AsyncGenerator<Task, void, void> {
  const { bucket, prefix, exact = false } = below
  if (prefix !== '' && (exact || !prefix.endsWith('/'))) {
    yield { name: prefix, bucket, key: prefix, bytes: 0 }
    return
  }
  for await (const { key, size, etag } of objectsBelow(vault, below, signal)) {
    yield { name: key, bucket, key, bytes: size, mark: etag }
  }
}
