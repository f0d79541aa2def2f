import type { Bucket } from '../storage/buckets.ts'
import type { DescribedPiece, Description } from '../storage/description.ts'
import type { Piece } from '../storage/pieces.ts'
import type { Content, VersionName } from '../storage/versions.ts'
import type { Context } from './context.ts'

/** A version that is about to be made. */
export interface Target extends VersionName {
  bucket: Bucket
  key: string
}

/** A piece but for where its bytes are. */
export type PieceFacts = Omit<Piece, 'blob' | 'sealed'>

function base({
  bucket,
  key,
  version,
  modifiedMs,
}: Target): Pick<Description, 'bucket' | 'key' | 'version' | 'modifiedMs'> {
  const { name, createdMs, region, versioning, encryption } = bucket
  const isVersioned = versioning === 'Enabled'
  return {
    bucket: { name, createdMs, region, versioning, encryption },
    key,
    version: isVersioned ? version : 'null',
    modifiedMs,
  }
}

/** What the file of a whole object says of itself. */
export function describeObject(target: Target, content: Content, piece: PieceFacts, blob: string): Description {
  const { object } = content
  return { ...base(target), kind: 'object', object, content, pieces: [{ ...piece, blob }] }
}

/** What the file of a part says of itself. Only the manifest of its object makes something of it. */
export function describePart(target: Target, object: string, piece: PieceFacts, blob: string): Description {
  return { ...base(target), kind: 'part', object, pieces: [{ ...piece, blob }] }
}

/** What the manifest of an object in parts says. */
function describeManifest(target: Target, content: Content, pieces: Piece[]): Description {
  const { object } = content
  return { ...base(target), kind: 'manifest', object, content, pieces: pieces.map(withSealed) }
}

function withSealed({ sealed, ...piece }: Piece): DescribedPiece {
  return sealed ? { ...piece, sealed: sealed.toString('base64') } : piece
}

/**
 * Writes the manifest of an object in parts; publish it with the object. Undefined where no part has a file: then all of the
 * object is in the index and its log.
 */
export async function writeManifest(
  { blobs, descriptions }: Context,
  target: Target,
  content: Content,
  pieces: Piece[],
): Promise<string | undefined> {
  if (pieces.every(({ blob }) => blob === null)) return undefined
  async function* whole(id: string): AsyncGenerator<Buffer[]> {
    yield await Promise.resolve([descriptions.seal(id, describeManifest(target, content, pieces))])
  }
  return blobs.write(whole)
}
