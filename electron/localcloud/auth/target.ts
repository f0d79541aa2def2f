import { S3Error } from '../request.ts'

/** What a request line asks for, decoded exactly once; nothing is normalised, because keys may hold `..` and `//`. */
export interface Target {
  /** The path as the client sent it. */
  rawPath: string
  /** The path decoded. */
  path: string
  query: URLSearchParams
}

/** Reads a request line's target (RFC 9112 section 3.2.1, origin form only). Throws InvalidURI. */
export function parseTarget(url: string): Target {
  if (!url.startsWith('/')) throw invalidUri()
  const mark = url.indexOf('?')
  const rawPath = mark === -1 ? url : url.slice(0, mark)
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1)
  return { rawPath, path: decode(rawPath), query: parseQuery(rawQuery) }
}

/** Bucket and key of a path-style S3 path: `/bucket/key/with/slashes`. */
export function bucketAndKey(path: string): { bucket: string | undefined; key: string | undefined } {
  const slash = path.indexOf('/', 1)
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash)
  const key = slash === -1 ? '' : path.slice(slash + 1)
  return { bucket: bucket || undefined, key: key || undefined }
}

/** Percent-encodes everything but RFC 3986's unreserved characters, as SigV4 asks. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function parseQuery(raw: string): URLSearchParams {
  const pairs = raw.split('&').filter((part) => part !== '')
  return new URLSearchParams(
    pairs.map((part): [string, string] => {
      const equals = part.indexOf('=')
      const name = equals === -1 ? part : part.slice(0, equals)
      return [decodeForm(name), equals === -1 ? '' : decodeForm(part.slice(equals + 1))]
    }),
  )
}

function decodeForm(text: string): string {
  return decode(text.replaceAll('+', ' '))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUri()
  }
}

function invalidUri(): S3Error {
  return new S3Error('InvalidURI', 400, "Couldn't parse the specified URI.")
}
