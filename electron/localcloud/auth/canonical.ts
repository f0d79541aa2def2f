import { createHash } from 'node:crypto'
import { uriEncode, type Target } from './target.ts'

/** Header values by lower-case name, repeated headers joined by a comma, as SigV4 wants them. */
export type SignableHeaders = ReadonlyMap<string, string>

/** Collects headers as they came, from Node's flat name-value list. */
export function signableHeaders(rawHeaders: readonly string[]): SignableHeaders {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = (rawHeaders[i + 1] ?? '').trim().replace(/ +/g, ' ')
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`)
  }
  return headers
}

/**
 * SHA-256 (hex) of SigV4's canonical request.
 *
 * Source: AWS, "Create a signed AWS API request". Header values arrive as Latin-1 and everything else is ASCII, so hashing
 * as Latin-1 hashes the very bytes that came over the wire.
 */
export function canonicalRequestHash(
  method: string,
  canonicalPath: string,
  query: URLSearchParams,
  headers: SignableHeaders,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const lines = [
    method,
    canonicalPath,
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${headers.get(name) ?? ''}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ]
  return createHash('sha256').update(lines.join('\n'), 'latin1').digest('hex')
}

/**
 * The forms of the path a client may have signed: S3's own (decoded and encoded once), and the path as sent, which
 * differs for clients that escape a slash inside a key.
 */
export function canonicalPaths(target: Target): string[] {
  const normal = target.path.split('/').map(uriEncode).join('/')
  return normal === target.rawPath ? [normal] : [normal, target.rawPath]
}

function canonicalQuery(query: URLSearchParams): string {
  const pairs = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
