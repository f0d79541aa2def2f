import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageReader, type Head, type MessageReader } from './framing.ts'

/** What was sent of one part, once: less than all of it if the sender was ended. */
interface SentPart {
  number: number
  pieces: Buffer[]
}

/** An upload in parts, as the wire saw it. */
export interface SeenUpload {
  /** The envelope that its CreateMultipartUpload carried: the wrapped key, and what goes with it. Empty without one. */
  envelope: string
  parts: SentPart[]
}

/** A door before a server that lets only so much through, counts it, and keeps what is sent of uploads. */
export interface Gauge {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  /** Settles when so many bytes of bodies have crossed from now on, both ways together. */
  passed(bytes: number): Promise<void>
  /** By upload id. */
  uploads: Map<string, SeenUpload>
  close(): Promise<void>
}

/** A TCP proxy on loopback in front of `target` (an http URL), for bodies of `rate` bytes a second and connection. */
export async function gaugeBefore(target: string, rate: number): Promise<Gauge> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const waiting = new Set<{ left: number; done: () => void }>()

  const listener = createServer((client) => {
    const server = connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay()
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket)
          other.destroySoon()
        })
    }
    void serve(client, server)
  })

  async function serve(client: Socket, server: Socket): Promise<void> {
    const [fromClient, fromServer] = [messageReader(client), messageReader(server)]
    for (let question = await fromClient.head(); question !== null; question = await fromClient.head()) {
      await Promise.all([ask(question, fromClient, server), answer(question, fromServer, client)])
    }
  }

  async function ask(head: Head, fromClient: MessageReader, server: Socket): Promise<void> {
    const keep = keeperOf(head)
    server.write(head.bytes)
    for await (const piece of fromClient.body(head)) {
      keep(piece)
      await through(piece, server)
    }
  }

  async function answer(question: Head, fromServer: MessageReader, client: Socket): Promise<void> {
    const head = await fromServer.head()
    if (head === null) {
      client.destroySoon()
      return
    }
    client.write(head.bytes)
    if (head.first.startsWith('HTTP/1.1 1')) return answer(question, fromServer, client)
    const opens = /^POST [^ ]*\?uploads/.test(question.first)
    const text: Buffer[] = []
    for await (const piece of fromServer.body(head, question.first.startsWith('HEAD ') || / 204 /.test(head.first))) {
      if (opens) text.push(piece)
      await through(piece, client)
    }
    if (opens) begun(question, Buffer.concat(text).toString())
  }

  function begun({ headers }: Head, answered: string): void {
    const id = /<UploadId>([^<]+)</.exec(answered)?.[1]
    if (id === undefined) return
    const envelope = [...headers].filter(([name]) => name.startsWith('x-amz-meta-x-amz-')).sort()
    gauge.uploads.set(id, { envelope: envelope.map((field) => field.join('=')).join('\n'), parts: [] })
  }

  function keeperOf({ first }: Head): (piece: Buffer) => void {
    const url = new URL(first.split(' ')[1] ?? '/', 'http://server')
    const upload = gauge.uploads.get(url.searchParams.get('uploadId') ?? '')
    if (!first.startsWith('PUT ') || upload === undefined) return () => undefined
    const part: SentPart = { number: Number(url.searchParams.get('partNumber')), pieces: [] }
    upload.parts.push(part)
    return (piece) => part.pieces.push(piece)
  }

  async function through(piece: Buffer, to: Socket): Promise<void> {
    for (const one of waiting) {
      one.left -= piece.length
      if (one.left <= 0) one.done()
    }
    if (to.destroyed) return
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined)
    await sleep((piece.length / rate) * 1_000)
  }

  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const gauge: Gauge = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    uploads: new Map(),
    passed: (bytes) =>
      new Promise((resolve) => {
        const one = {
          left: bytes,
          done: () => {
            waiting.delete(one)
            resolve()
          },
        }
        waiting.add(one)
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
  return gauge
}
