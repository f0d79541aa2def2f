import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createSecureContext, createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { receive, type Received } from '../../../../electron/cloud/wire/receive.ts'
import { openSockets, type Sockets } from '../../../../electron/cloud/wire/sockets.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { ownCertificate, type OwnCertificate } from '../../../support/tls-front.ts'

const CONTENT = randomBytes(300_000)
const HEAD = `HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: ${CONTENT.length}\r\n\r\n`
const { signal } = new AbortController()

/** What a request meets: `nth` counts the requests of its connection from 0, `connection` the connections. */
type Behaviour = (socket: Socket, nth: number, connection: number) => void

let protocol: 'http:' | 'https:'
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let certificate: OwnCertificate
let server: Server | undefined
let sockets: Sockets | undefined
let connections: Socket[] = []
/** The connections below TLS, or the same ones, by the client's port. */
let lines = new Map<number | undefined, Socket>()
let requests: string[] = []

async function serving(behave: Behaviour, patience = { connectTimeout: 2_000, silence: 300 }): Promise<void> {
  connections = []
  lines = new Map()
  requests = []
  const serve = (socket: Socket): void => {
    const connection = connections.push(socket.on('error', () => undefined)) - 1
    let nth = 0
    socket.on('data', (piece) => {
      requests.push(piece.toString('latin1'))
      behave(socket, nth++, connection)
    })
  }
  server = protocol === 'http:' ? createServer(serve) : createTlsServer(certificate, serve)
  server.on('connection', (line: Socket) => lines.set(line.remotePort, line))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  sockets = openSockets({ secureContext: createSecureContext({ ca: certificate.cert }) }, patience)
}

function reset({ remotePort }: Socket): void {
  lines.get(remotePort)?.resetAndDestroy()
}

beforeAll(async () => {
  folder = await temporaryFolder()
  certificate = await ownCertificate(folder.path)
})
afterAll(() => folder.remove())

afterEach(() => {
  sockets?.close()
  for (const socket of connections) socket.destroy()
  server?.close()
})

/** Asks once; the body, if there was one, is in `into`. */
async function ask(
  abort = signal,
  room = CONTENT.length,
): Promise<{ answer: Received | null; into: Buffer; counted: number }> {
  const into = Buffer.alloc(room)
  let counted = 0
  const outgoing = {
    protocol,
    hostname: '127.0.0.1',
    port: (server?.address() as AddressInfo).port,
    method: 'GET',
    path: '/bucket/key',
    headers: { host: 'here' },
    body: [],
  }
  if (sockets === undefined) throw new Error('nothing is served')
  const place = { place: () => into, onBytes: (count: number) => void (counted += count) }
  const answer = await receive(sockets, outgoing, place, abort)
  await answer?.done
  return { answer, into, counted }
}

const good: Behaviour = (socket) => {
  socket.write(HEAD)
  socket.write(CONTENT)
}

describe.each(['http:', 'https:'] as const)('over %s', (which) => {
  beforeAll(() => {
    protocol = which
  })

  describe('a good answer', () => {
    test('is in its place, and its connection is used again', async () => {
      await serving(good)
      for (let round = 0; round < 3; round++) {
        const { answer, into, counted } = await ask()
        expect(answer).toMatchObject({ status: 200, headers: { etag: '"1"' }, length: CONTENT.length })
        expect(into.equals(CONTENT)).toBe(true)
        expect(counted).toBe(CONTENT.length)
      }
      expect(connections).toHaveLength(1)
      expect(requests[0]).toBe('GET /bucket/key HTTP/1.1\r\nhost: here\r\n\r\n')
    })

    test('may come in any pieces', async () => {
      const small = `HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello`
      for (let cut = 1; cut < small.length; cut++) {
        await serving((socket) => {
          socket.setNoDelay(true).write(small.slice(0, cut))
          setTimeout(() => socket.write(small.slice(cut)), 2)
        })
        expect((await ask()).into.toString('latin1', 0, 5)).toBe('hello')
        sockets?.close()
        server?.close()
      }
    })

    test('may be empty', async () => {
      await serving((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      expect((await ask()).counted).toBe(0)
      expect((await ask()).counted).toBe(0)
      expect(connections).toHaveLength(1)
    })

    test('that says Connection: close ends its connection', async () => {
      await serving((socket) => void socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'))
      await ask()
      await ask()
      expect(connections).toHaveLength(2)
    })
  })

  describe('a bad answer fails, and its connection is not used again', () => {
    test.for<[string, Behaviour]>([
      ['ends in the middle of its head', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Le')],
      ['ends in the middle of its body', (socket) => void socket.end(`${HEAD}short`)],
      ['is reset in the middle of its body', (socket) => void socket.write(`${HEAD}short`, () => reset(socket))],
      ['is reset before its head', reset],
      ['is silent', () => undefined],
      ['stops in its head', (socket) => void socket.write('HTTP/1.1 200 OK\r\n')],
      ['stops in its body', (socket) => void socket.write(`${HEAD}short`)],
      ['has a head without an end', (socket) => void socket.write(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`)],
      ['is longer than it said', (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc')],
      ['is longer than it said, in another piece', (socket) => void (good(socket, 0, 0), socket.write('more'))],
      [
        'is longer than its place',
        (socket) => void socket.write(HEAD.replace('300000', '300001') + 'x'.repeat(300_001)),
      ],
    ])('that %s', async ([, bad]) => {
      await serving((socket, nth, connection) =>
        connection === 0 ? bad(socket, nth, 0) : good(socket, nth, connection),
      )
      await expect(ask()).rejects.toThrow()
      expect(requests).toHaveLength(1)
      expect((await ask()).into.equals(CONTENT)).toBe(true)
      expect(connections).toHaveLength(2)
    })

    test('bytes that nobody asked for, on an idle connection', async () => {
      await serving(good)
      await ask()
      connections[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect((await ask()).into.equals(CONTENT)).toBe(true)
      expect(connections).toHaveLength(2)
    })

    test('an abort in the middle of a body', async () => {
      await serving((socket, nth, connection) => {
        if (connection === 0) socket.write(HEAD + 'begun')
        else good(socket, nth, connection)
      })
      const stop = new AbortController()
      const asking = ask(stop.signal)
      setTimeout(() => stop.abort(), 50)
      await expect(asking).rejects.toThrow('aborted')
      expect((await ask()).into.equals(CONTENT)).toBe(true)
      expect(connections).toHaveLength(2)
    })

    test('an abort before anything is asked', async () => {
      await serving(good)
      await expect(ask(AbortSignal.abort())).rejects.toThrow()
      expect(requests).toHaveLength(0)
    })
  })

  test.for<[string, string]>([
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'],
    [
      'chunked with a length',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
    ['without a length', 'HTTP/1.1 200 OK\r\n\r\nx'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['with a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx'],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx'],
    ['with a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\nContent-Length: 1\r\n\r\nx'],
    ['with a lone line feed', 'HTTP/1.1 200 OK\na: b\r\nContent-Length: 1\r\n\r\nx'],
    ['that is not HTTP', 'SSH-2.0\r\n\r\n'],
  ])('an answer %s is left to node:http, and so are the next', async ([, text]) => {
    await serving((socket) => void socket.write(text))
    expect((await ask()).answer).toBeNull()
    expect((await ask()).answer).toBeNull()
    expect(requests).toHaveLength(1)
  })

  test('a refusal that node:http has to read leaves the server as it is', async () => {
    await serving((socket, nth, connection) => {
      if (connection === 0) socket.write('HTTP/1.1 503 Slow\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
      else good(socket, nth, connection)
    })
    expect((await ask()).answer).toBeNull()
    expect((await ask()).answer).toMatchObject({ status: 200 })
  })

  test('a refusal comes with its text, and nothing of it is in the place', async () => {
    await serving((socket) => void socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone'))
    const { answer, counted } = await ask()
    expect(answer).toMatchObject({ status: 404 })
    expect(answer?.refusal.toString()).toBe('none')
    expect(counted).toBe(0)
  })

  test('a connection that closes at the moment it is asked again does not count', async () => {
    await serving((socket, nth, connection) => (nth === 1 ? reset(socket) : good(socket, nth, connection)))
    await ask()
    expect((await ask()).into.equals(CONTENT)).toBe(true)
    expect(connections).toHaveLength(2)
    expect(requests).toHaveLength(3)
  })

  test('a connection that its server has closed is not asked again', async () => {
    await serving(good)
    await ask()
    connections[0]?.end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await ask()).into.equals(CONTENT)).toBe(true)
    expect(requests).toHaveLength(2)
  })

  test('a place that refuses the head takes nothing of the body', async () => {
    await serving(good)
    const outgoing = { protocol, hostname: '127.0.0.1', port: (server?.address() as AddressInfo).port }
    const request = { ...outgoing, method: 'GET', path: '/', headers: {}, body: [] }
    const refuse = (): Buffer => {
      throw new Error('another object')
    }
    if (sockets === undefined) throw new Error('nothing is served')
    const asking = receive(sockets, request, { place: refuse, onBytes: () => undefined }, signal)
    await expect(asking).rejects.toThrow('another object')
    const [socket] = connections
    if (socket?.closed === false) await new Promise((resolve) => socket.once('close', resolve))
    expect(socket?.closed).toBe(true)
  })

  test('a header that would end its line is not sent', async () => {
    await serving(good)
    const port = (server?.address() as AddressInfo).port
    const request = { protocol, hostname: '127.0.0.1', port, method: 'GET', path: '/', body: [] }
    if (sockets === undefined) throw new Error('nothing is served')
    const place = { place: () => Buffer.alloc(0), onBytes: () => undefined }
    const headers = { evil: 'a\r\nb: c' }
    await expect(receive(sockets, { ...request, headers }, place, signal)).rejects.toThrow(TypeError)
    expect(requests).toHaveLength(0)
  })
})
