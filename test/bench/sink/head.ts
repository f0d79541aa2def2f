/** The head of a request, as far as the sink looks at it. */
export interface Head {
  method: string
  /** '' for the service itself. */
  bucket: string
  /** Decoded; '' for the bucket itself. */
  key: string
  query: URLSearchParams
  headers: Map<string, string>
}

/** Parses the bytes before the empty line of a request (RFC 9112, 2.1). */
export function parseHead(text: string): Head {
  const lines = text.split('\r\n')
  const [method = '', target = '/'] = (lines[0] ?? '').split(' ')
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const slash = path.indexOf('/', 1)
  return {
    method,
    bucket: slash === -1 ? path.slice(1) : path.slice(1, slash),
    key: slash === -1 ? '' : decodeURIComponent(path.slice(slash + 1)),
    query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
    headers: headersOf(lines),
  }
}

function headersOf(lines: string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return headers
}
