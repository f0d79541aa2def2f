import { CofferError } from '../base/errors.ts'
import { allVersions, type VersionLine } from '../cloud/list-versions.ts'
import { deleteMany } from './delete-many.ts'
import { asStored, undelete } from './versions.ts'
import type { Vault } from './vault.ts'

/** How far it is. */
export interface BroughtBack {
  /** Files that are there again, and their size as stored. */
  files: number
  bytes: number
  /** Files that were looked at, removed or not. */
  looked: number
  done: boolean
}

/** A file that is hidden by delete markers. */
interface Hidden {
  key: string
  /** What will be seen. */
  newest: VersionLine
  /** Those above it, newest first; undefined where the server does not tell their order. */
  markers: string[] | undefined
}

/**
 * Brings back every file below a folder that a delete marker hides, whenever it was removed, and tells after each page of
 * the listing how far it is. What cannot be brought back does not keep the rest from coming; its first failure is thrown in
 * the end. Throws OBJECT_NOT_FOUND if there is nothing to bring back, and what `send` throws.
 */
export async function* undeleteFolder(
  vault: Vault,
  { bucket, prefix }: { bucket: string; prefix: string },
  signal: AbortSignal,
): AsyncGenerator<BroughtBack, void, void> {
  let [files, bytes, looked] = [0, 0, 0]
  let failure: CofferError | undefined
  for await (const keys of linesByKey(vault, { bucket, prefix }, signal)) {
    const hidden = keys.flatMap(hiddenFile)
    const kept = await uncover(vault, bucket, hidden, signal)
    const back = hidden.filter(({ key }) => !kept.has(key))
    files += back.length
    bytes += back.reduce((sum, { newest }) => sum + newest.size, 0)
    looked += keys.length
    failure ??= kept.values().next().value
    yield { files, bytes, looked, done: false }
  }
  if (failure !== undefined) throw failure
  if (files === 0) {
    const where = `s3://${bucket}/${prefix}`
    throw new CofferError('OBJECT_NOT_FOUND', `There is nothing below ${where} that could be brought back.`)
  }
  yield { files, bytes, looked, done: true }
}

/** What the bucket keeps of each key, a page of the listing at a time; a key's lines come together. */
async function* linesByKey(
  vault: Vault,
  { bucket, prefix }: { bucket: string; prefix: string },
  signal: AbortSignal,
): AsyncGenerator<VersionLine[][], void, void> {
  let open: VersionLine[] = []
  for await (const page of allVersions(vault.s3, { bucket, prefix }, signal)) {
    const lines = [...open, ...page.lines]
    // The page may end within a key, of which there is more to come.
    open = lines.filter(({ key }) => key === page.next?.key)
    yield [...Map.groupBy(lines, ({ key }) => key)].flatMap(([key, own]) => (key === page.next?.key ? [] : [own]))
  }
}

/** An object that only marks a folder (its key ends with `/`) is none. */
function hiddenFile(lines: VersionLine[]): Hidden[] {
  const isHidden = lines.some(({ kind, isLatest }) => kind === 'delete-marker' && isLatest)
  const at = lines.findIndex(({ kind }) => kind === 'version')
  const newest = lines[at]
  if (!isHidden || newest === undefined || newest.key.endsWith('/')) return []
  // There are servers that list all versions before all markers.
  const markers = at === 0 ? undefined : lines.slice(0, at).map(({ id }) => id)
  return [{ key: newest.key, newest, markers }]
}

/** Resolves with the keys of those that stay hidden, and why. */
async function uncover(
  vault: Vault,
  bucket: string,
  hidden: Hidden[],
  signal: AbortSignal,
): Promise<Map<string, CofferError>> {
  const ordered = hidden.filter(({ markers }) => markers !== undefined)
  const names = ordered.flatMap(({ key, markers = [] }) => markers.map((versionId) => ({ key, versionId })))
  const kept = names.length === 0 ? new Map<string, CofferError>() : await deleteMany(vault, { bucket, names }, signal)
  vault.catalog.listing.stored(
    ordered.flatMap(({ key, newest }) => (kept.has(key) ? [] : [asStored(vault, bucket, newest)])),
  )
  for (const { key, markers } of hidden) if (markers === undefined) await undelete(vault, { bucket, key }, signal)
  return kept
}
