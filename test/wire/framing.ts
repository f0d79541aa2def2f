import type { Socket } from 'node:net'

/** The head of a request or an answer, byte for byte as it came. */
export interface Head {
  bytes: Buffer
  /** `PUT /bucket/key HTTP/1.1`, `HTTP/1.1 200 OK`. */
  first: string
  /** By lower-case name. */
  headers: Map<string, string>
}

/** Reads messages of HTTP/1.1 (RFC 9112) from a socket without changing a byte of them. */
export interface MessageReader {
  /** Null at the end of the connection, however it came. */
  head(): Promise<Head | null>
  /** The bytes of the body as they come, its framing included. Ends early if the connection does. */
  body(head: Head, hasNone?: boolean): AsyncGenerator<Buffer>
}

export function messageReader(socket: Socket): MessageReader {
  const pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest: Buffer = Buffer.alloc(0)

  async function more(): Promise<boolean> {
    const next = await pieces.next().catch(() => ({ done: true, value: undefined }))
    if (next.done === true || next.value === undefined) return false
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value])
    return true
  }

  /** Up to and including the mark; null if the connection ends before. */
  async function through(mark: string): Promise<Buffer | null> {
    let end = rest.indexOf(mark)
    while (end === -1) {
      if (!(await more())) return null
      end = rest.indexOf(mark)
    }
    return take(end + mark.length)
  }

  function take(length: number): Buffer {
    const taken = rest.subarray(0, length)
    rest = rest.subarray(length)
    return taken
  }

  async function* exactly(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (rest.length === 0 && !(await more())) return
      const piece = take(Math.min(left, rest.length))
      left -= piece.length
      yield piece
    }
  }

  async function* chunked(): AsyncGenerator<Buffer> {
    for (;;) {
      const line = await through('\r\n')
      if (line === null) return
      yield line
      const length = parseInt(line.toString('latin1'), 16)
      if (length === 0) break
      yield* exactly(length + 2)
    }
    for (let line = await through('\r\n'); line !== null; line = await through('\r\n')) {
      yield line
      if (line.length === 2) return
    }
  }

  return {
    async head() {
      const bytes = await through('\r\n\r\n')
      return bytes === null ? null : parseHead(bytes)
    },
    async *body({ headers }, hasNone = false) {
      if (hasNone) return
      if (headers.get('transfer-encoding') === 'chunked') yield* chunked()
      else yield* exactly(Number(headers.get('content-length') ?? 0))
    },
  }
}

function parseHead(bytes: Buffer): Head {
  const [first = '', ...lines] = bytes.toString('latin1').trimEnd().split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { bytes, first, headers }
}
