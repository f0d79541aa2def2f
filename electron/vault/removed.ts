import { allVersions, type VersionLine } from '../cloud/list-versions.ts'
import type { Vault } from './vault.ts'

/** A file that is hidden by a delete marker, or a folder in which there is no file any more. */
export interface RemovedEntry {
  kind: 'object' | 'folder'
  key: string
  /** Of the newest version, as stored; 0 for a folder. */
  size: number
  removedAt: Date | undefined
}

/** What is known of a key while its lines come in. */
interface Lines {
  marker?: VersionLine
  newest?: VersionLine
}

/**
 * What was removed from a folder and can be brought back, page by page: files whose newest line is a delete marker and which
 * have a version below it, and folders that hold versions, and no files as far as the folder itself was listed. Asks S3 for a
 * listing of versions, never for an object. Throws what `send` throws.
 */
export async function* removedIn(
  vault: Vault,
  { bucket, prefix }: { bucket: string; prefix: string },
  signal: AbortSignal,
): AsyncGenerator<RemovedEntry[], void, void> {
  const { listing } = vault.catalog
  let open = new Map<string, Lines>()
  for await (const page of allVersions(vault.s3, { bucket, prefix, shallow: true }, signal)) {
    for (const line of page.lines) takeIn(open, line)
    // The page may end within a key, of which there is more to come.
    const whole = [...open].filter(([key]) => key !== page.next?.key)
    open = new Map([...open].filter(([key]) => key === page.next?.key))
    const files = whole.flatMap(([key, lines]) => removedFile(key, lines))
    const folders = page.folders.filter((folder) => !listing.shows(vault.place, bucket, folder)).map(removedFolder)
    if (files.length + folders.length > 0) yield [...folders, ...files]
  }
}

/** There are servers that list all versions before all markers; so whichever comes, the newest of its kind comes first. */
function takeIn(open: Map<string, Lines>, line: VersionLine): void {
  const lines = open.get(line.key) ?? {}
  open.set(line.key, lines)
  if (line.kind === 'version') lines.newest ??= line
  else if (line.isLatest) lines.marker = line
}

function removedFile(key: string, { marker, newest }: Lines): RemovedEntry[] {
  if (marker === undefined || newest === undefined || key.endsWith('/')) return []
  return [{ kind: 'object', key, size: newest.size, removedAt: marker.lastModified }]
}

const removedFolder = (key: string): RemovedEntry => ({ kind: 'folder', key, size: 0, removedAt: undefined })
