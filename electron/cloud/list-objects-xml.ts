/** An object as a listing tells it. */
export interface ObjectLine {
  key: string
  size: number
  /** Milliseconds since 1970. */
  modified: number
  /** With its quotes, as S3 gives it. */
  etag: string
}

/** One answer of ListObjectsV2. */
export interface ObjectsPage {
  objects: ObjectLine[]
  /** Common prefixes. */
  folders: string[]
  /** Undefined on the last page. */
  next: string | undefined
}

/**
 * Reads the answer of ListObjectsV2, or answers null if it is not of the plain shape that servers write: no comments, no
 * CDATA, no attributes but the root's, and in every entry what an entry needs. Then a full XML reader has to see to it.
 */
export function readListing(xml: string): ObjectsPage | null {
  const root = /^\s*(?:<\?xml[^>]*\?>)?\s*<ListBucketResult\b[^>]*>/.exec(xml)
  if (root === null || xml.includes('<!') || !/<\/ListBucketResult>\s*$/.test(xml)) return null
  try {
    const { lines: contents, rest } = cutOut(xml.slice(root[0].length), 'Contents')
    const { lines: prefixes, rest: head } = cutOut(rest, 'CommonPrefixes')
    const decode = field(head, 'EncodingType') === 'url' ? decodeKey : (key: string): string => key
    const next = field(head, 'IsTruncated') === 'true' ? needed(head, 'NextContinuationToken') : undefined
    return {
      objects: contents.map((line) => objectOf(line, decode)),
      folders: prefixes.map((line) => decode(needed(line, 'Prefix'))),
      next,
    }
  } catch (error) {
    if (error instanceof Unexpected || error instanceof URIError) return null
    throw error
  }
}

class Unexpected extends Error {}

function objectOf(line: string, decode: (key: string) => string): ObjectLine {
  const size = Number(needed(line, 'Size'))
  const modified = Date.parse(needed(line, 'LastModified'))
  if (!Number.isSafeInteger(size) || Number.isNaN(modified)) throw new Unexpected()
  return { key: decode(needed(line, 'Key')), size, modified, etag: needed(line, 'ETag') }
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
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    const char = ENTITIES[name ?? '']
    if (char === undefined) throw new Unexpected()
    return char
  })
}

/** S3 encodes a space as `+`, as forms do. Throws URIError for what is not encoded so. */
export function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '))
}
