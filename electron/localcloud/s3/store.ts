import { createHash, randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { startChecksum } from '../body/digest.ts'
import type { Checksum, ChecksumAlgorithm, VerifiedRequest } from '../request.ts'
import type { Encryption, Envelope } from '../sse/data-keys.ts'
import type { Bucket } from '../storage/buckets.ts'
import { storePiece, type Piece } from '../storage/pieces.ts'
import type { Description } from '../storage/description.ts'
import { newObjectId, newVersionId, type Content, type ObjectVersion } from '../storage/versions.ts'
import { checkWriteConditions } from './conditions.ts'
import { bucketStill, type Context } from './context.ts'
import { describeObject, type PieceFacts, type Target } from './describe.ts'
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
  claimed?: (() => Checksum | undefined) | undefined
  /** What the piece's file says of itself. */
  describe: (piece: PieceFacts, blob: string) => Description
}

/**
 * Seals a stream as a piece and makes its file durable; no row names it yet. The ETag is the MD5 under SSE-S3 and opaque
 * in every other mode, as on AWS. Zeroes the data keys.
 */
export async function sealPiece(context: Context, order: PieceOrder): Promise<Piece> {
  const { object, number, envelope, keys, source, algorithm, claimed } = order
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
  const factsOf = once(() => {
    const checksum = algorithm && digest ? { algorithm, value: digest.digest().toString('base64') } : claimed?.()
    const etag = md5 ? md5.digest('hex') : randomBytes(16).toString('hex')
    return { number, size, etag, modifiedMs: Date.now(), checksum }
  })
  try {
    const describe = (blob: string): Buffer => context.descriptions.seal(blob, order.describe(factsOf(), blob))
    const place = await storePiece(context.blobs, { object, number, dataKeys: keys, plain: observed(), describe })
    return { ...factsOf(), ...place }
  } finally {
    zero(...keys)
  }
}

/** Called at its first use, when the stream has ended; the digests can be taken once. */
function once<T>(compute: () => T): () => T {
  let value: { of: T } | undefined
  return () => (value ??= { of: compute() }).of
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
  const { source, algorithm, claimed, attributes, tags, storageClass } = order
  const version = newVersionId()
  const targetOf = ({ modifiedMs }: PieceFacts): Target => ({ bucket, key, version, modifiedMs })
  const contentOf = ({ size, etag, checksum }: PieceFacts): Content => ({
    ...{ object, size, etag, parts: 0, attributes, tags, storageClass, envelope },
    checksum: checksum && { ...checksum, type: 'FULL_OBJECT' },
  })
  const piece = await sealPiece(context, {
    ...{ object, number: 0, envelope, keys, source, algorithm, claimed },
    describe: (facts, blob) => describeObject(targetOf(facts), contentOf(facts), facts, blob),
  })
  return commitObject(context, request, targetOf(piece), {
    content: () => contentOf(piece),
    rows: () => context.pieces.put(object, piece),
    files: blobOf(piece),
  })
}

export interface Commitment {
  /** What becomes the newest version; called inside the transaction, and undoes it by throwing. */
  content: () => Content
  /** Further rows of the same transaction. */
  rows: (version: ObjectVersion) => void
  /** Files that were written for it: they get their names, or are removed if the transaction fails. */
  files: string[]
}

/** Makes stored content the newest version, in one transaction; then what it replaced can be removed. */
export async function commitObject(
  context: Context,
  request: VerifiedRequest,
  target: Target,
  { content, rows, files }: Commitment,
): Promise<ObjectVersion> {
  const { database, versions, pieces, blobs, removals } = context
  const { bucket, key } = target
  const done = database.commit(() => {
    const now = bucketStill(context, bucket)
    checkWriteConditions(request, key, versions.latest(now.id, key))
    const { version, replaced } = versions.insert(now, key, content(), target)
    rows(version)
    if (replaced !== undefined) pieces.drop(replaced)
    return version
  })
  const version = await done.catch(async (error: unknown) => {
    await blobs.discard(files)
    throw error
  })
  await blobs.publish(files)
  removals.sweepSoon()
  return version
}

/** The file a piece rests in, if it has one. */
export function blobOf(piece: Piece): string[] {
  return piece.blob === null ? [] : [piece.blob]
}
