import type { Checksum, ChecksumAlgorithm } from '../request.ts'
import { openStream, sealStream, type SealedSource } from '../sse/streams.ts'
import { DamagedError } from '../sse/segments.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'

/** Up to this many bytes of plaintext rest inside the database: one fsync instead of three for a small object. */
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

/** Seals a stream under the data keys, and makes it durable unless it is small enough to go with its row. */
export async function storePiece(
  blobs: Blobs,
  object: string,
  number: number,
  dataKeys: Buffer[],
  plain: AsyncIterable<Buffer>,
): Promise<Place> {
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
  return { blob: await blobs.write(sealStream(replay(head, source), dataKeys, identity)), sealed: null }
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
    const { size } = await file.stat()
    const source: SealedSource = {
      size,
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

export interface Pieces {
  /** An object's pieces in order. */
  list(object: string): Piece[]
  /** Inserts a piece or replaces the one of its number; returns the file that is free then. Inside commit() only. */
  put(object: string, piece: Piece): string[]
  /** Removes an object's pieces but for the numbers to keep; returns the files that are free then. Inside commit() only. */
  drop(object: string, keep?: ReadonlySet<number>): string[]
  /** Whether a row names this file. */
  isNamed(blob: string): boolean
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

export function openPieces({ sql }: Database): Pieces {
  const list = sql.prepare('SELECT * FROM pieces WHERE object = ? ORDER BY number')
  const insert = sql.prepare(
    `INSERT INTO pieces (object, number, size, etag, modified_ms, checksum_algorithm, checksum_value, blob, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const remove = sql.prepare('DELETE FROM pieces WHERE object = ? AND number = ? RETURNING blob')
  const numbers = sql.prepare('SELECT number FROM pieces WHERE object = ?')
  const named = sql.prepare('SELECT 1 FROM pieces WHERE blob = ?')

  function removeOne(object: string, number: number): string[] {
    const blob = remove.get(object, number)?.['blob']
    return typeof blob === 'string' ? [blob] : []
  }

  return {
    list: (object) => (list.all(object) as unknown as PieceRow[]).map(toPiece),
    put: (object, piece) => {
      const free = removeOne(object, piece.number)
      const { number, size, etag, modifiedMs, checksum, blob, sealed } = piece
      insert.run(
        object,
        number,
        size,
        etag,
        modifiedMs,
        checksum?.algorithm ?? null,
        checksum?.value ?? null,
        blob,
        sealed,
      )
      return free
    },
    drop: (object, keep) =>
      (numbers.all(object) as { number: number }[])
        .filter(({ number }) => keep?.has(number) !== true)
        .flatMap(({ number }) => removeOne(object, number)),
    isNamed: (blob) => named.get(blob) !== undefined,
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
