/** An object as a listing tells it. */
export interface ObjectLine {
  key: string
  size: number
  /** Milliseconds since 1970. */
  modified: number
  /** With its quotes, as S3 gives it. */
  etag: string
}

/** One answer of ListObjectsV2, or of ListObjects, with its names as they are written in it. */
export interface ListingAnswer {
  objects: ObjectLine[]
  /** Common prefixes. */
  folders: string[]
  /** True if it says that its names are percent-encoded. */
  encoded: boolean
  /** Undefined if it does not say whether there is more. */
  isTruncated: boolean | undefined
  /** Where it says that there is more: NextContinuationToken (version 2), NextMarker (version 1, encoded like a name). */
  nextToken: string | undefined
  nextMarker: string | undefined
}

/** True for an answer that is a list of objects, whether or not `readListing` can read it. */
export function isListing(xml: string): boolean {
  return /^\uFEFF?\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--[\s\S]*?-->\s*)*<(?:\w+:)?ListBucketResult\b/.test(xml)
}

/**
 * Reads the answer of ListObjectsV2 or ListObjects, or answers null if it is not of the plain shape that servers write: no
 * comments, no CDATA, no attributes but the root's, and in every entry what an entry needs. Then a full XML reader has to
 * see to it.
 */
export function readListing(xml: string): ListingAnswer | null {
  const root = /^\s*(?:<\?xml[^>]*\?>)?\s*<ListBucketResult\b[^>]*>/.exec(xml)
  if (root === null || xml.includes('<!') || !/<\/ListBucketResult>\s*$/.test(xml)) return null
  try {
    const { lines: contents, rest } = cutOut(xml.slice(root[0].length), 'Contents')
    const { lines: prefixes, rest: head } = cutOut(rest, 'CommonPrefixes')
    return {
      objects: contents.map(objectOf),
      folders: prefixes.map((line) => needed(line, 'Prefix')),
      encoded: field(head, 'EncodingType') === 'url',
      isTruncated: truth(field(head, 'IsTruncated')),
      nextToken: field(head, 'NextContinuationToken') || undefined,
      nextMarker: field(head, 'NextMarker') || undefined,
    }
  } catch (error) {
    if (error instanceof Unexpected) return null
    throw error
  }
}

class Unexpected extends Error {}

function objectOf(line: string): ObjectLine {
  const size = Number(needed(line, 'Size'))
  const modified = Date.parse(needed(line, 'LastModified'))
  if (!Number.isSafeInteger(size) || Number.isNaN(modified)) throw new Unexpected()
  return { key: needed(line, 'Key'), size, modified, etag: needed(line, 'ETag') }
}

function truth(text: string | undefined): boolean | undefined {
  if (text === undefined || text === '') return undefined
  const lower = text.toLowerCase()
  if (lower !== 'true' && lower !== 'false') throw new Unexpected()
  return lower === 'true'
}

/** The contents of all elements of a name, and what is left without them. */
function cutOut(xml: string, name: string): { lines: string[]; rest: string } {
  const [open, close] = [`<${name}>`, `</${name}>`]
  const lines: string[] = []
  let rest = ''
  let behind = 0
  for (let at = xml.indexOf(open); at !== -1; at = xml.indexOf(open, behind)) {
    const end = xml.indexOf(close, at)
    if (end === -1) throw new Unexpected()
    rest += xml.slice(behind, at)
    lines.push(xml.slice(at + open.length, end))
    behind = end + close.length
  }
  return { lines, rest: rest + xml.slice(behind) }
}

/** Undefined for an element that is not there; one that is empty (`<NextMarker/>`) says nothing. */
function field(xml: string, name: string): string | undefined {
  const open = `<${name}>`
  const at = xml.indexOf(open)
  if (at === -1) return undefined
  const from = at + open.length
  const end = xml.indexOf('<', from)
  if (!xml.startsWith(`</${name}>`, end)) throw new Unexpected()
  return unescape(xml.slice(from, end))
}

function needed(xml: string, name: string): string {
  const text = field(xml, name)
  if (text === undefined) throw new Unexpected()
  return text
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescape(escaped: string): string {
  if (!escaped.includes('&')) return escaped
  // Every ETag has its quotes, and seldom anything else.
  const text = escaped.replaceAll('&quot;', '"')
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|([a-z]+));/g, (_, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return character(parseInt(hex, 16))
    if (decimal !== undefined) return character(Number(decimal))
    const char = ENTITIES[name ?? '']
    if (char === undefined) throw new Unexpected()
    return char
  })
}

/** Beyond Unicode there is none. */
function character(code: number): string {
  if (code > 0x10ffff) throw new Unexpected()
  return String.fromCodePoint(code)
}
