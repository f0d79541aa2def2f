/** The head of an answer. */
export interface Head {
  status: number
  /** Names in lower case; what is said more than once is joined with a comma. */
  headers: Record<string, string>
  /** Bytes of the body. */
  length: number
  /** The connection may carry another request afterwards. */
  keepAlive: boolean
}

/** No head is longer, in bytes. */
export const MAX_HEAD = 64 * 1024

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/
const LENGTH = /^\d{1,15}$/

/**
 * Reads a head (RFC 9112, sections 4 to 6) without the empty line at its end. Null for everything but an answer of HTTP/1.1
 * whose one Content-Length says where its body ends: whoever wants more asks a complete client of HTTP.
 */
export function parseHead(text: string): Head | null {
  const [first = '', ...lines] = text.split('\r\n')
  const status = Number(STATUS_LINE.exec(first)?.[1] ?? 0)
  if (status < 200 || status === 204 || status === 304) return null
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  for (const line of lines) {
    const [, name, value = ''] = FIELD_LINE.exec(line) ?? []
    if (name === undefined) return null
    const known = headers[name.toLowerCase()]
    headers[name.toLowerCase()] = known === undefined ? value.trimEnd() : `${known}, ${value.trimEnd()}`
  }
  const length = headers['content-length'] ?? ''
  if (headers['transfer-encoding'] !== undefined || !LENGTH.test(length)) return null
  return { status, headers, length: Number(length), keepAlive: !/\bclose\b/i.test(headers.connection ?? '') }
}

const NOT_IN_A_HEAD = /[^\t\x20-\x7e\x80-\xff]/

/** The head of a request without a body. Throws on what would end a line, or has no place in one. */
export function headText(method: string, path: string, headers: Record<string, string>): string {
  const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  if (path.includes(' ') || lines.some((line) => NOT_IN_A_HEAD.test(line))) {
    throw new TypeError('A header of the request has a character that no header can have.')
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
