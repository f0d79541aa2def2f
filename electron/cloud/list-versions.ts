import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3'
import { readAnswer } from './answer-text.ts'
import { decodeName } from './listed-names.ts'
import { encodingOf } from './name-encoding.ts'
import { followPages, nextPlace } from './paging.ts'
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

export interface VersionsScope {
  bucket: string
  prefix: string
  /** Only what is in the folder that `prefix` is; folders in it are named and not looked into. */
  shallow?: boolean | undefined
}

export interface VersionsPage {
  lines: VersionLine[]
  /** Only of a shallow listing; they end with `/`. */
  folders: string[]
  next: VersionsPlace | undefined
}

/** Behind which version a page begins; without an id, behind all versions of the key. */
interface VersionsPlace {
  key: string
  id: string | undefined
}

/** All pages of a listing of versions. Throws LIST_INCOMPLETE for one that does not come to its end, and what `send` throws. */
export function allVersions(
  s3: S3Client,
  scope: VersionsScope,
  signal: AbortSignal,
): AsyncGenerator<VersionsPage, void, void> {
  const ask = (from: VersionsPlace | undefined) => listObjectVersions(s3, scope, from, signal)
  return followPages(listedVersions(scope), ask, ({ lines: [line] }) => line && `${line.key}\n${line.id}\n${line.kind}`)
}

const listedVersions = ({ bucket, prefix }: VersionsScope): string => `the versions in s3://${bucket}/${prefix}`

/**
 * One page of versions and delete markers, in S3's order: newest first within a key (Amazon S3 API, ListObjectVersions).
 * The SDK sorts them into two lists, whose dates, in whole seconds, do not tell in which order they came; so that is taken
 * from the answer itself.
 */
async function listObjectVersions(
  s3: S3Client,
  scope: VersionsScope,
  from: VersionsPlace | undefined,
  signal: AbortSignal,
): Promise<VersionsPage> {
  const { bucket, prefix, shallow = false } = scope
  const command = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: prefix,
    // XML cannot carry every character that a key can; so keys travel percent-encoded.
    EncodingType: 'url',
    Delimiter: shallow ? '/' : undefined,
    KeyMarker: from?.key,
    VersionIdMarker: from?.id,
  })
  let kinds: string[] = []
  readAnswer(command, (xml) => {
    kinds = Array.from(xml.matchAll(/<(Version|DeleteMarker)>/g), ([, kind = '']) => kind)
    return null
  })
  const output = await send(s3, command, signal)
  const { Versions = [], DeleteMarkers = [], CommonPrefixes = [], IsTruncated, NextKeyMarker } = output
  const names = [...Versions, ...DeleteMarkers].map(({ Key }) => Key ?? '')
  const folders = CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? [])
  const encoding = output.EncodingType === 'url' ? await encodingOf(s3, bucket, [...names, ...folders], signal) : 'raw'
  const decode = (name: string): string => decodeName(name, encoding)
  const place = NextKeyMarker && { key: decode(NextKeyMarker), id: output.NextVersionIdMarker || undefined }
  return {
    lines: inOrder(
      kinds,
      Versions.map((line) => lineOf('version', line, decode)),
      DeleteMarkers.map((line) => lineOf('delete-marker', line, decode)),
    ),
    folders: folders.map(decode),
    next: nextPlace(IsTruncated, place || undefined, listedVersions(scope)),
  }
}

/** As they came, where the answer tells. */
function inOrder(kinds: string[], versions: VersionLine[], markers: VersionLine[]): VersionLine[] {
  if (kinds.length !== versions.length + markers.length) return [...versions, ...markers]
  const rest = { Version: [...versions], DeleteMarker: [...markers] }
  return kinds.flatMap((kind) => (kind === 'Version' ? rest.Version : rest.DeleteMarker).shift() ?? [])
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
  decode: (name: string) => string,
): VersionLine {
  return {
    kind,
    key: decode(Key),
    id: VersionId,
    isLatest: IsLatest,
    lastModified: LastModified,
    size: Size,
    etag: ETag,
  }
}
