import type { Buckets, Stored } from './objects.ts'
import { document, escaped } from './xml.ts'

/** What there is to know of a generated object. */
export const GENERATED: Stored = {
  size: 4_096,
  etag: '"00000000000000000000000000000000-1"',
  lines: 'x-amz-server-side-encryption: AES256\r\n',
  customerKey: false,
  pieces: null,
}

/** When everything in the sink was made. */
export const MADE = new Date('2026-01-02T03:04:05.000Z')

/** The bucket that has NAMES generated objects, for listing alone. */
export const LISTED_BUCKET = 'names'
export const NAMES = 100_000

/** Buckets without folders, of as many generated objects, for looking at. */
export const FLAT_BUCKETS = { 'flat-100': 100, 'flat-100000': 100_000 } as const

let made: string[] | undefined

/** Names as people have them: 100 folders by year and month, 1,000 pictures in each. */
export function generatedNames(): string[] {
  made ??= Array.from({ length: NAMES }, (_, index) => nameOf(index)).sort()
  return made
}

function nameOf(index: number): string {
  const folder = Math.floor(index / 1_000)
  const year = 2018 + Math.floor(folder / 12)
  const month = String((folder % 12) + 1).padStart(2, '0')
  const number = String((index * 7_919) % 1_000_000).padStart(6, '0')
  return `photos/${year}/${month}/IMG_${number}-${index.toString(36)}.jpg`
}

const flat = new Map<string, string[]>()

/** The names in a bucket that is generated; undefined for any other. */
function generatedIn(bucket: string): string[] | undefined {
  if (bucket === LISTED_BUCKET) return generatedNames()
  if (!isFlat(bucket)) return undefined
  const known = flat.get(bucket)
  if (known !== undefined) return known
  const names = Array.from({ length: FLAT_BUCKETS[bucket] }, (_, at) => `IMG_${String(at).padStart(6, '0')}.jpg`)
  flat.set(bucket, names)
  return names
}

export function isFlat(bucket: string): bucket is keyof typeof FLAT_BUCKETS {
  return Object.hasOwn(FLAT_BUCKETS, bucket)
}

/** A page is rendered once: what is measured is the client. */
const rendered = new Map<string, string>()

/** Answers ListObjectsV2 (or ListObjects): prefix, delimiter, start-after, continuation-token, max-keys. */
export function listObjects(buckets: Buckets, bucket: string, query: URLSearchParams): string {
  const generated = generatedIn(bucket)
  if (generated === undefined) return render(buckets, bucket, buckets.keys(bucket), query)
  const question = `${bucket}?${query.toString()}`
  const known = rendered.get(question)
  if (known !== undefined) return known
  const page = render(buckets, bucket, generated, query)
  rendered.set(question, page)
  return page
}

interface Page {
  keys: string[]
  folders: string[]
  /** The last name taken; undefined if nothing follows. */
  next: string | undefined
}

function render(buckets: Buckets, bucket: string, keys: string[], query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? query.get('start-after') ?? query.get('marker') ?? ''
  const limit = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000)
  const { keys: taken, folders, next } = pageOf(keys, { prefix, after, limit, delimiter: query.get('delimiter') ?? '' })
  const url = query.get('encoding-type') === 'url'
  const write = url ? (name: string) => encodeURIComponent(name).replaceAll('%2F', '/') : escaped
  return document(
    'ListBucketResult',
    `<Name>${bucket}</Name><Prefix>${write(prefix)}</Prefix><KeyCount>${taken.length + folders.length}</KeyCount>` +
      `<MaxKeys>${limit}</MaxKeys><IsTruncated>${next !== undefined}</IsTruncated>` +
      (url ? '<EncodingType>url</EncodingType>' : '') +
      (next === undefined
        ? ''
        : `<NextContinuationToken>${escaped(next)}</NextContinuationToken><NextMarker>${write(next)}</NextMarker>`) +
      taken.map((key) => entry(write(key), buckets.get(bucket, key))).join('') +
      folders.map((folder) => `<CommonPrefixes><Prefix>${write(folder)}</Prefix></CommonPrefixes>`).join(''),
  )
}

function entry(key: string, stored: Stored | undefined): string {
  const etag = stored?.etag ?? GENERATED.etag
  return (
    `<Contents><Key>${key}</Key><LastModified>${MADE.toISOString()}</LastModified>` +
    `<ETag>${escaped(etag)}</ETag><Size>${stored?.size ?? GENERATED.size}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  )
}

interface Asked {
  prefix: string
  /** Names up to and with this one were listed before. */
  after: string
  limit: number
  delimiter: string
}

function pageOf(keys: string[], { prefix, after, limit, delimiter }: Asked): Page {
  const page: Page = { keys: [], folders: [], next: undefined }
  let last = ''
  for (let at = firstFrom(keys, prefix > after ? prefix : after); at < keys.length; at++) {
    const key = keys[at] ?? ''
    if (!key.startsWith(prefix)) break
    // A folder that was listed stands for everything in it.
    if (after !== '' && (key <= after || (after.endsWith('/') && key.startsWith(after)))) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const name = end === -1 ? key : key.slice(0, end + delimiter.length)
    if (name === last) continue
    if (page.keys.length + page.folders.length === limit) {
      page.next = last
      return page
    }
    last = name
    if (end === -1) page.keys.push(name)
    else page.folders.push(name)
  }
  return page
}

/** Index of the first name that is not before `least`. */
function firstFrom(keys: string[], least: string): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < least) low = middle + 1
    else high = middle
  }
  return low
}
