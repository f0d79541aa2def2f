import { existsSync, renameSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { sealedBytes } from '../sse/segments.ts'
import { foundFolder, leftFolder, setAside } from '../found.ts'
import { BLOB_ID, blobPath } from './blobs.ts'
import type { Buckets } from './buckets.ts'
import type { Database } from './database.ts'
import type { DescribedPiece, Description, Descriptions } from './description.ts'
import type { Piece, Pieces } from './pieces.ts'
import { filesIn } from './reconcile.ts'
import type { Content, Versions } from './versions.ts'

export interface IndexParts {
  database: Database
  buckets: Buckets
  versions: Versions
  pieces: Pieces
  descriptions: Descriptions
}

/** An object that content files describe. */
interface Offer {
  description: Description & { content: Content }
  /** The file that describes it, and where it is now. */
  blob: string
  path: string
}

/**
 * Brings objects back that the index does not know, from the content files in `found/`. Files that make no object, or an
 * older one than the index has under its name, go to `found/left/`. Returns how many objects came back and files were left.
 */
export async function adoptFound(dataDir: string, parts: IndexParts): Promise<{ adopted: number; left: number }> {
  const files = new Map(foundFiles(dataDir).map((path) => [basename(path), path]))
  const offers: Offer[] = []
  for (const [blob, path] of files) {
    const offer = await offerOf(parts.descriptions, blob, path)
    if (offer) offers.push(offer)
  }
  // The oldest first: of two that have one name, the newer one stays.
  offers.sort((a, b) => a.description.modifiedMs - b.description.modifiedMs)
  let adopted = 0
  const made = new Set<string>()
  for (const offer of offers) {
    if (!isWhole(dataDir, offer, files) || !isWanted(dataDir, parts, offer)) continue
    for (const blob of blobsOf(offer)) {
      const path = files.get(blob)
      if (path !== undefined) renameSync(path, blobPath(dataDir, blob))
      files.delete(blob)
    }
    await parts.database.commit(() => insert(dataDir, parts, offer, made))
    adopted++
  }
  for (const path of files.values()) setAside(dataDir, path, leftFolder(dataDir))
  return { adopted, left: files.size }
}

/**
 * Moves files to `found/` that are noted for removal but whose successor has no content here: of a key that was overwritten
 * while its folder was copied, the copy may have the old content only.
 */
export async function recallReplaced(dataDir: string, parts: IndexParts): Promise<void> {
  const rows = parts.database.sql.prepare('SELECT blob FROM removals').all() as { blob: string }[]
  for (const { blob } of rows) {
    const path = blobPath(dataDir, blob)
    const offer = existsSync(path) ? await offerOf(parts.descriptions, blob, path) : null
    if (offer && isReplacedByNothing(dataDir, parts, offer)) setAside(dataDir, path)
  }
}

function isReplacedByNothing(
  dataDir: string,
  { buckets, versions, pieces }: IndexParts,
  { description }: Offer,
): boolean {
  const { bucket, key, version } = description
  const known = buckets.find(bucket.name)
  const successor = known && versions.named(known.id, key, version)
  return successor?.marker === false && !hasContent(dataDir, pieces.list(successor.object), successor.size)
}

function foundFiles(dataDir: string): string[] {
  return [foundFolder(dataDir), leftFolder(dataDir)].flatMap((folder) =>
    filesIn(folder)
      .filter((name) => BLOB_ID.test(name))
      .map((name) => join(folder, name)),
  )
}

async function offerOf(descriptions: Descriptions, blob: string, path: string): Promise<Offer | null> {
  const file = await open(path, 'r')
  try {
    const read = await descriptions.read(blob, file)
    if (!read) return null
    const { description, contentBytes } = read
    const { kind, content, pieces } = description
    if (kind === 'part' || !content) return null
    const [piece] = pieces
    if (kind === 'object' && contentBytes !== sealedBytes(piece?.size ?? 0, layersOf(content))) return null
    return { description: { ...description, content }, blob, path }
  } finally {
    await file.close()
  }
}

function layersOf({ envelope }: Content): number {
  return envelope.mode === 'aws:kms:dsse' ? 2 : 1
}

function blobsOf({ blob, description }: Offer): string[] {
  return [...new Set([blob, ...description.pieces.flatMap((piece) => piece.blob ?? [])])]
}

/** Every file that the object needs is there, found or in its place. */
function isWhole(dataDir: string, offer: Offer, files: ReadonlyMap<string, string>): boolean {
  return blobsOf(offer).every((blob) => files.has(blob) || existsSync(blobPath(dataDir, blob)))
}

/** The index has nothing under this name, or something older, or something whose content is gone. */
function isWanted(dataDir: string, { buckets, versions, pieces }: IndexParts, { description }: Offer): boolean {
  const { bucket, key, version, modifiedMs } = description
  const known = buckets.find(bucket.name)
  const existing = known && versions.named(known.id, key, version)
  if (!existing) return true
  if (!existing.marker && !hasContent(dataDir, pieces.list(existing.object), existing.size)) return true
  return version === 'null' && existing.modifiedMs < modifiedMs
}

/** Whether all of an object's content is there. */
export function hasContent(dataDir: string, pieces: Piece[], size: number): boolean {
  const isThere = pieces.every(({ blob }) => blob === null || existsSync(blobPath(dataDir, blob)))
  return pieces.length > 0 && isThere && pieces.reduce((sum, piece) => sum + piece.size, 0) === size
}

/** `made`: names of the buckets that came back with their objects; the newest of these tells their settings. */
function insert(dataDir: string, parts: IndexParts, { blob, description }: Offer, made: Set<string>): void {
  const { database, buckets, versions, pieces } = parts
  const { bucket: described, key, version, modifiedMs, content, kind } = description
  const known = made.has(described.name) ? undefined : buckets.find(described.name)
  const bucket = known ?? buckets.restore(described)
  if (!known) made.add(described.name)
  const existing = versions.named(bucket.id, key, version)
  if (existing) {
    versions.remove(bucket.id, existing)
    if (!existing.marker) release(dataDir, database, pieces, existing.object)
  }
  const naming = { ...bucket, versioning: version === 'null' ? ('' as const) : ('Enabled' as const) }
  versions.insert(naming, key, content, { version, modifiedMs })
  for (const piece of description.pieces) pieces.put(content.object, pieceOf(piece))
  if (kind === 'manifest') pieces.keepManifest(content.object, blob)
  versions.sortByAge(bucket.id, key)
  for (const used of blobsOf({ blob, description, path: '' })) {
    database.sql.prepare('DELETE FROM removals WHERE blob = ?').run(used)
  }
}

function pieceOf({ sealed, blob, ...piece }: DescribedPiece): Piece {
  if (blob !== null) return { ...piece, blob, sealed: null }
  return { ...piece, blob: null, sealed: Buffer.from(sealed ?? '', 'base64') }
}

/** Takes an object's rows away and keeps its files. Inside commit() only. */
export function release(dataDir: string, { sql }: Database, pieces: Pieces, object: string): void {
  const blobs = pieces.list(object).flatMap(({ blob }) => blob ?? [])
  const manifest = pieces.manifest(object)
  pieces.drop(object)
  for (const blob of manifest === undefined ? blobs : [...blobs, manifest]) {
    sql.prepare('DELETE FROM removals WHERE blob = ?').run(blob)
    setAside(dataDir, blobPath(dataDir, blob), leftFolder(dataDir))
  }
}
