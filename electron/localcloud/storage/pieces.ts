import type { Checksum, ChecksumAlgorithm } from '../request.ts'
import { openStream, sealStream, type SealedSource } from '../sse/streams.ts'
import { DamagedError, sealedBytes } from '../sse/segments.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'
import type { Removals } from './removals.ts'

/** Up to this many bytes of plaintext rest in the index and its log: one fsync instead of three for a small object. */
const INLINE_BYTES = 32 * 1024

/** Where a piece's sealed bytes rest: in a file or in the row. */
export type Place = { blob: string; sealed: null } | { blob: null; sealed: Buffer }

/** The sealed bytes of a whole object (number 0) or of one part of it (number 1 and up). */
export type Piece = Place & {
  number: number
  /** Bytes of plaintext. */
  size: number
  etag: string
  modifiedMs: number
  checksum: Checksum | undefined
}

/** What is authenticated with every segment: a piece opens only as this piece of this object. */
function identityOf(object: string, number: number): Buffer {
  return Buffer.from(`coffer piece ${object} ${String(number)}`)
}

export interface PieceToStore {
  object: string
  number: number
  dataKeys: Buffer[]
  plain: AsyncIterable<Buffer>
  /** What a file says of itself, sealed for that file; called once all of `plain` has been read. */
  describe: (blob: string) => Buffer
}

/** Seals a stream under the data keys, and makes it durable unless it is small enough to go with its row. */
export async function storePiece(blobs: Blobs, piece: PieceToStore): Promise<Place> {
  const { object, number, dataKeys, plain, describe } = piece
  const identity = identityOf(object, number)
  const source = plain[Symbol.asyncIterator]()
  const head: Buffer[] = []
  let bytes = 0
  while (bytes <= INLINE_BYTES) {
    const next = await source.next()
    if (next.done === true) return { blob: null, sealed: await gather(sealStream(replay(head), dataKeys, identity, 1)) }
    head.push(next.value)
    bytes += next.value.length
  }
  async function* described(blob: string): AsyncGenerator<Buffer[]> {
    yield* sealStream(replay(head, source), dataKeys, identity)
    yield [describe(blob)]
  }
  return { blob: await blobs.write(described), sealed: null }
}

async function* replay(head: Buffer[], rest?: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* head
  if (!rest) return
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function gather(blocks: AsyncIterable<Buffer[]>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const block of blocks) all.push(...block)
  return Buffer.concat(all)
}

/** Throws DamagedError unless the pieces make up an object of this size: none may be gone, whatever the object's row says. */
export function checkPieces(pieces: Piece[], size: number): void {
  if (pieces.length === 0 || pieces.reduce((sum, piece) => sum + piece.size, 0) !== size) throw new DamagedError()
}

/** Opens the bytes of an object from `start` up to, but without, `end`, over all of its pieces in order. */
export async function* readPieces(
  blobs: Blobs,
  object: string,
  pieces: Piece[],
  dataKeys: Buffer[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  let offset = 0
  for (const piece of pieces) {
    const [from, to] = [Math.max(0, start - offset), Math.min(piece.size, end - offset)]
    // An empty piece that stands alone is opened too: its tag must hold like any other's.
    if (from < to || (pieces.length === 1 && piece.size === 0)) {
      yield* readPiece(blobs, object, piece, dataKeys, from, to)
    }
    offset += piece.size
  }
}

async function* readPiece(
  blobs: Blobs,
  object: string,
  piece: Piece,
  dataKeys: Buffer[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const identity = identityOf(object, piece.number)
  if (piece.sealed) {
    yield* openStream(inMemory(piece.sealed), piece.size, dataKeys, identity, start, end)
    return
  }
  const file = await blobs.open(piece.blob).catch((error: unknown) => {
    throw isMissing(error) ? new DamagedError() : error
  })
  try {
    // Behind the content is what the file says of itself.
    const size = sealedBytes(piece.size, dataKeys.length)
    const source: SealedSource = {
      size: Math.min(size, (await file.stat()).size),
      read: async (buffer, offset) => (await file.read(buffer, 0, buffer.length, offset)).bytesRead,
    }
    yield* openStream(source, piece.size, dataKeys, identity, start, end)
  } finally {
    await file.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function inMemory(sealed: Buffer): SealedSource {
  return { size: sealed.length, read: (buffer, offset) => Promise.resolve(sealed.copy(buffer, 0, offset)) }
}

/** `put`, `drop` and `keepManifest` belong inside commit(). Files that no row names any more are noted for removal. */
export interface Pieces {
  /** An object's pieces in order. */
  list(object: string): Piece[]
  /** Inserts a piece or replaces the one of its number. */
  put(object: string, piece: Piece): void
  /** Removes an object's pieces but for the numbers to keep; with all of them goes its manifest. */
  drop(object: string, keep?: ReadonlySet<number>): void
  /** The file that describes an object in parts. */
  manifest(object: string): string | undefined
  keepManifest(object: string, blob: string): void
}

interface PieceRow {
  number: number
  size: number
  etag: string
  modified_ms: number
  checksum_algorithm: ChecksumAlgorithm | null
  checksum_value: string | null
  blob: string | null
  sealed: Uint8Array | null
}

export function openPieces({ sql }: Database, removals: Pick<Removals, 'add'>): Pieces {
  const list = sql.prepare('SELECT * FROM pieces WHERE object = ? ORDER BY number')
  const insert = sql.prepare(
    `INSERT INTO pieces (object, number, size, etag, modified_ms, checksum_algorithm, checksum_value, blob, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = sql.prepare('DELETE FROM pieces WHERE object = ? AND number = ? RETURNING blob')
  const numbers = sql.prepare('SELECT number FROM pieces WHERE object = ?')
  const manifest = sql.prepare('SELECT blob FROM manifests WHERE object = ?')
  const keepManifest = sql.prepare('INSERT INTO manifests (object, blob) VALUES (?, ?)')
  const dropManifest = sql.prepare('DELETE FROM manifests WHERE object = ? RETURNING blob')

  function removeOne(object: string, number: number): void {
    const blob = remove.get(object, number)?.['blob']
    if (typeof blob === 'string') removals.add(object, [blob])
  }

  return {
    list: (object) => (list.all(object) as unknown as PieceRow[]).map(toPiece),
    put: (object, piece) => {
      removeOne(object, piece.number)
      const { number, size, etag, modifiedMs, checksum, blob, sealed } = piece
      const [algorithm, value] = [checksum?.algorithm ?? null, checksum?.value ?? null]
      insert.run(object, number, size, etag, modifiedMs, algorithm, value, blob, sealed)
    },
    drop: (object, keep) => {
      for (const { number } of numbers.all(object) as { number: number }[]) {
        if (keep?.has(number) !== true) removeOne(object, number)
      }
      const blob = keep === undefined ? dropManifest.get(object)?.['blob'] : undefined
      if (typeof blob === 'string') removals.add(object, [blob])
    },
    manifest: (object) => manifest.get(object)?.['blob'] as string | undefined,
    keepManifest: (object, blob) => void keepManifest.run(object, blob),
  }
}

function toPiece(row: PieceRow): Piece {
  const checksum =
    row.checksum_algorithm && row.checksum_value !== null
      ? { algorithm: row.checksum_algorithm, value: row.checksum_value }
      : undefined
  const { number, size, etag, modified_ms: modifiedMs, blob } = row
  const place: Place = blob === null ? { blob, sealed: Buffer.from(row.sealed ?? []) } : { blob, sealed: null }
  return { number, size, etag, modifiedMs, checksum, ...place }
}
