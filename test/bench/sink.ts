/**
 * A server that takes S3 uploads and throws them away, and serves ranges of generated objects, so that neither a server
 * nor a disk is what a benchmark measures. It burns as little as it can: heads are parsed by hand, bodies are counted.
 * Buckets named keep... keep their objects' bytes, so that what was sealed can be read back.
 *
 *     node test/bench/sink.ts [KEY.pem CERTIFICATE.pem]
 *
 * prints one line of JSON, `{ endpoint, tlsEndpoint }`, and serves until its standard input ends.
 */
import { readFileSync } from 'node:fs'
import { createServer, Socket, type AddressInfo, type Server, type SocketConstructorOpts } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { answer, needsBody, type Answer, type Sink } from './sink/answer.ts'
import { bodyOf, type Body } from './sink/body.ts'
import { parseHead, type Head } from './sink/head.ts'
import { openBuckets } from './sink/objects.ts'

const sink: Sink = { buckets: openBuckets(), uploads: new Map(), count: 0 }
const NOTHING = Buffer.alloc(0)

/** Serves one connection: heads and bodies in turn, one request at a time. */
function serve(accepted: Socket): void {
  const socket = readingInto(accepted, takeBytes)
  let head: Head | null = null
  let body: Body | null = null
  let unparsed: Buffer = NOTHING

  function takeHead(chunk: Buffer, at: number): number {
    const seen = unparsed.length
    const bytes = seen === 0 ? chunk.subarray(at) : Buffer.concat([unparsed, chunk.subarray(at)])
    const end = bytes.indexOf('\r\n\r\n', Math.max(seen - 3, 0))
    if (end === -1) {
      // The chunk's memory is used again.
      unparsed = Buffer.from(bytes)
      return chunk.length
    }
    unparsed = NOTHING
    head = parseHead(bytes.toString('latin1', 0, end))
    body = bodyOf(head, needsBody(head))
    if (head.headers.get('expect')?.toLowerCase() === '100-continue') socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    return at + end + 4 - seen
  }

  socket.on('error', () => socket.destroy())
  function takeBytes(chunk: Buffer): void {
    for (let at = 0; at < chunk.length || (head !== null && body?.isWhole() === true);) {
      at = body === null ? takeHead(chunk, at) : body.take(chunk, at)
      if (head === null || body?.isWhole() !== true) continue
      send(socket, answer(sink, { head, size: body.size(), body: body.bytes() }))
      head = body = null
    }
  }
}

/** One read of a connection; larger ones do not come. */
const READ_BYTES = 256 * 1024

/**
 * The same connection, which now reads into one buffer over and over, instead of into a new one each time: half of what
 * receiving costs. Node offers that (`onread`) for sockets that it is to connect, not for those a server accepts, so that
 * the connection is moved to a new socket by its handle. What is over TLS comes as it comes.
 */
function readingInto(accepted: Socket, take: (chunk: Buffer) => void): Socket {
  if (accepted instanceof TLSSocket) return accepted.on('data', take)
  const inner = accepted as unknown as { _handle: unknown }
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  const callback = (bytes: number): boolean => {
    take(buffer.subarray(0, bytes))
    return true
  }
  const options = { handle: inner._handle, onread: { buffer, callback } }
  inner._handle = null
  const socket = new Socket(options as SocketConstructorOpts)
  socket.setNoDelay(true)
  socket.resume()
  return socket
}

/** In as few writes as the system takes; large pieces go out from where they are. */
function send(socket: Socket, { head, body }: Answer): void {
  if (body.length === 0) {
    socket.write(head, 'latin1')
    return
  }
  socket.cork()
  socket.write(head, 'latin1')
  for (const piece of body) socket.write(piece)
  socket.uncork()
}

function listen(server: Server): Promise<number> {
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)))
}

const [keyFile, certificateFile] = process.argv.slice(2)
const port = await listen(createServer({ pauseOnConnect: true }, serve))
const endpoint = `http://127.0.0.1:${port}`
let tlsEndpoint: string | undefined
if (keyFile !== undefined && certificateFile !== undefined) {
  const files = { key: readFileSync(keyFile), cert: readFileSync(certificateFile) }
  tlsEndpoint = `https://127.0.0.1:${await listen(createTlsServer({ ...files, noDelay: true }, serve))}`
}
console.log(JSON.stringify({ endpoint, tlsEndpoint }))
process.stdin.on('end', () => process.exit(0)).resume()
