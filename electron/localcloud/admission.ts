import type { IncomingMessage } from 'node:http'
import { S3Error } from './request.ts'

/**
 * Names under which this server is meant. Another one is a web page whose name was pointed at loopback (DNS rebinding),
 * or `bucket.localhost`, whose path would be taken for a bucket's.
 */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i

/** Headers of which two could mean one thing to whoever signed or relayed a request and another thing here. */
const ONCE = new Set([
  ...['host', 'authorization', 'date', 'content-length', 'content-md5', 'content-type', 'transfer-encoding', 'expect'],
  ...['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
])

/** Headers of which S3 joins several: an object's own metadata. */
const META = 'x-amz-meta-'

/**
 * Refuses what no client of this server sends, before anything of the request is believed. Any port is taken in Host: a
 * tunnel or proxy on this machine has one of its own, and the name alone tells a rebinding page. Throws InvalidRequest,
 * InvalidURI.
 */
export function checkAdmission(request: IncomingMessage): void {
  const names = request.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  const repeated = names.find((name, i) => isSingle(name) && names.indexOf(name) < i)
  if (repeated !== undefined) throw refused(`The header ${repeated} was sent more than once.`)
  if (!OWN_HOST.test(request.headers.host ?? '')) {
    throw refused('The Host header must be 127.0.0.1, localhost or [::1]; buckets are named in the path.')
  }
  // Node hands bytes beyond ASCII on as Latin-1, in which a key would be another one.
  if (/[^\x21-\x7e]/.test(request.url ?? '')) {
    throw new S3Error('InvalidURI', 400, "Couldn't parse the specified URI.")
  }
}

function isSingle(name: string): boolean {
  return ONCE.has(name) || (name.startsWith('x-amz-') && !name.startsWith(META))
}

function refused(message: string): S3Error {
  return new S3Error('InvalidRequest', 400, message)
}
