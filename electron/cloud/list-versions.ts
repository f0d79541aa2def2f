import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3'
import { readAnswer } from './answer-text.ts'
import { send } from './send.ts'

/** One version of an object, or a delete marker, which hides the object and holds nothing. */
export interface VersionLine {
  kind: 'version' | 'delete-marker'
  key: string
  /** `null` for what was written while the bucket kept no versions. */
  id: string
  isLatest: boolean
  lastModified: Date
  /** As stored; 0 for a delete marker. */
  size: number
  /** With its quotes; '' for a delete marker. */
  etag: string
}

interface VersionsQuery {
  bucket: string
  prefix: string
  /** Only what is in the folder that `prefix` is; folders in it are named and not looked into. */
  shallow?: boolean | undefined
  /** `next` of the page before. */
  from: VersionsPage['next']
}

export interface VersionsPage {
  lines: VersionLine[]
  /** Only of a shallow listing; they end with `/`. */
  folders: string[]
  next: { key: string; id: string | undefined } | undefined
}

/**
 * One page of versions and delete markers, in S3's order: newest first within a key (Amazon S3 API, ListObjectVersions).
 * The SDK sorts them into two lists, whose dates, in whole seconds, do not tell in which order they came; so that is taken
 * from the answer itself. Throws what `send` throws.
 */
export async function listObjectVersions(
  s3: S3Client,
  { bucket, prefix, shallow = false, from }: VersionsQuery,
  signal: AbortSignal,
): Promise<VersionsPage> {
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: prefix,
    Delimiter: shallow ? '/' : undefined,
    KeyMarker: from?.key,
    VersionIdMarker: from?.id,
  })
  let kinds: string[] = []
  readAnswer(command, (xml) => {
    kinds = Array.from(xml.matchAll(/<(Version|DeleteMarker)>/g), ([, kind = '']) => kind)
    return null
  })
  const {
    Versions = [],
    DeleteMarkers = [],
    CommonPrefixes = [],
    IsTruncated,
    NextKeyMarker,
    NextVersionIdMarker,
  } = await send(s3, command, signal)
  const versions = Versions.map((line) => lineOf('version', line))
  const markers = DeleteMarkers.map((line) => lineOf('delete-marker', line))
  const lines = kinds.flatMap((kind) => (kind === 'Version' ? versions : markers).shift() ?? [])
  const folders = CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? [])
  const more = IsTruncated === true && NextKeyMarker !== undefined
  return { lines, folders, next: more ? { key: NextKeyMarker, id: NextVersionIdMarker } : undefined }
}

interface Line {
  Key?: string | undefined
  VersionId?: string | undefined
  IsLatest?: boolean | undefined
  LastModified?: Date | undefined
  Size?: number | undefined
  ETag?: string | undefined
}

function lineOf(
  kind: VersionLine['kind'],
  { Key = '', VersionId = 'null', IsLatest = false, LastModified = new Date(0), Size = 0, ETag = '' }: Line,
): VersionLine {
  return { kind, key: Key, id: VersionId, isLatest: IsLatest, lastModified: LastModified, size: Size, etag: ETag }
}
