import { createHash, randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { startChecksum } from '../body/digest.ts'
import type { Checksum, ChecksumAlgorithm, VerifiedRequest } from '../request.ts'
import type { Encryption, Envelope } from '../sse/data-keys.ts'
import type { Bucket } from '../storage/buckets.ts'
import { storePiece, type Piece } from '../storage/pieces.ts'
import { newObjectId, type Content, type ObjectVersion } from '../storage/versions.ts'
import { checkWriteConditions } from './conditions.ts'
import { bucketStill, type Context } from './context.ts'
import { issueDataKeys } from './encryption-headers.ts'
import { entityTooLarge } from './failures.ts'

/** The most that one PUT, one part or one copy may hold. */
export const MOST_BYTES = 5 * 1024 ** 3

export interface PieceOrder {
  object: string
  /** 0 for a whole object, else the part's number. */
  number: number
  envelope: Envelope
  keys: Buffer[]
  source: AsyncIterable<Buffer>
  /** Computed while the bytes go by; undefined: whatever the client claimed. */
  algorithm: ChecksumAlgorithm | undefined
}

/**
 * Seals a stream as a piece and makes its file durable; no row names it yet. The ETag is the MD5 under SSE-S3 and opaque
 * in every other mode, as on AWS. Zeroes the data keys.
 */
export async function sealPiece(
  context: Context,
  order: PieceOrder,
  claimed?: () => Checksum | undefined,
): Promise<Piece> {
  const { object, number, envelope, keys, source, algorithm } = order
  const md5 = envelope.mode === 'AES256' ? createHash('md5') : undefined
  const digest = algorithm && startChecksum(algorithm)
  let size = 0
  async function* observed(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      size += chunk.length
      if (size > MOST_BYTES) throw entityTooLarge(size, MOST_BYTES)
      md5?.update(chunk)
      digest?.update(chunk)
      yield chunk
    }
  }
  try {
    const place = await storePiece(context.blobs, object, number, keys, observed())
    const checksum = algorithm && digest ? { algorithm, value: digest.digest().toString('base64') } : claimed?.()
    const etag = md5 ? md5.digest('hex') : randomBytes(16).toString('hex')
    return { number, size, etag, modifiedMs: Date.now(), checksum, ...place }
  } finally {
    zero(...keys)
  }
}

export interface ObjectOrder extends Pick<Content, 'attributes' | 'tags' | 'storageClass'> {
  encryption: Encryption
  source: AsyncIterable<Buffer>
  algorithm: ChecksumAlgorithm | undefined
  claimed?: () => Checksum | undefined
}

/** Stores a whole object and makes it the key's newest version. Resolves once it is durable. */
export async function storeObject(
  context: Context,
  request: VerifiedRequest,
  bucket: Bucket,
  key: string,
  order: ObjectOrder,
): Promise<ObjectVersion> {
  const object = newObjectId()
  const { envelope, keys } = issueDataKeys(context, request, order.encryption, object)
  const { source, algorithm, attributes, tags, storageClass } = order
  const piece = await sealPiece(context, { object, number: 0, envelope, keys, source, algorithm }, order.claimed)
  const { size, etag } = piece
  const checksum = piece.checksum && { ...piece.checksum, type: 'FULL_OBJECT' as const }
  const content: Content = { object, size, etag, parts: 0, attributes, tags, storageClass, checksum, envelope }
  return commitObject(context, request, bucket, key, {
    content: () => content,
    rows: () => context.pieces.put(object, piece),
    object,
    files: blobOf(piece),
  })
}

export interface Commitment {
  /** What becomes the newest version; called inside the transaction, and undoes it by throwing. */
  content: () => Content
  /** Further rows of the same transaction; returns the object's files that are free then. */
  rows: (version: ObjectVersion) => string[]
  /** Files of this object that are removed if the transaction fails. */
  object: string
  files: string[]
}

/** Makes stored content the newest version, in one transaction; then removes the data it replaced. */
export async function commitObject(
  context: Context,
  request: VerifiedRequest,
  bucket: Bucket,
  key: string,
  { content, rows, object, files }: Commitment,
): Promise<ObjectVersion> {
  const { database, versions, pieces, blobs } = context
  const done = database.commit(() => {
    const now = bucketStill(context, bucket)
    checkWriteConditions(request, key, versions.latest(now.id, key))
    const { version, replaced } = versions.insert(now, key, content())
    const unused = rows(version)
    return { version, unused, replaced, freed: replaced === undefined ? [] : pieces.drop(replaced) }
  })
  const { version, unused, replaced, freed } = await done.catch((error: unknown) => {
    blobs.remove(object, files)
    throw error
  })
  blobs.remove(object, unused)
  if (replaced !== undefined) blobs.remove(replaced, freed)
  return version
}

/** The file a piece rests in, if it has one. */
export function blobOf(piece: Piece): string[] {
  return piece.blob === null ? [] : [piece.blob]
}
