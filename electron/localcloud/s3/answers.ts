import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { toXml, type XmlElement } from './xml.ts'

/** Sends a document. */
export function sendXml(
  response: ServerResponse,
  root: string,
  content: XmlElement[],
  headers: OutgoingHttpHeaders = {},
): void {
  const body = Buffer.from(toXml(root, content))
  response.writeHead(200, { ...headers, 'content-type': 'application/xml', 'content-length': body.length })
  response.end(body)
}

/** Sends a status and headers alone. */
export function sendEmpty(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, status === 204 || status === 304 ? headers : { ...headers, 'content-length': 0 })
  response.end()
}

/** S3 keeps seconds; its documents show them as `2026-01-02T03:04:05.000Z`. */
export function isoTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString()
}

/** HTTP date (RFC 9110 section 5.6.7). */
export function httpTime(ms: number): string {
  return new Date(ms).toUTCString()
}

export function quoted(etag: string): string {
  return `"${etag}"`
}
