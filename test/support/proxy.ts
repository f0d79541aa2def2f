import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** What crossed a wire, one entry a connection. */
export interface Recording {
  sent: Buffer
  received: Buffer
}

export interface RecordingProxy {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  /** Everything that crossed so far, both ways. */
  recordings(): Recording[]
  close(): Promise<void>
}

/** A TCP proxy on loopback in front of `target` (an http URL) that keeps every byte in memory. */
export async function recordingProxy(target: string): Promise<RecordingProxy> {
  const { hostname, port } = new URL(target)
  const wires: { sent: Buffer[]; received: Buffer[] }[] = []
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const wire: { sent: Buffer[]; received: Buffer[] } = { sent: [], received: [] }
    wires.push(wire)
    client.on('data', (chunk) => wire.sent.push(chunk))
    upstream.on('data', (chunk) => wire.received.push(chunk))
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recordings: () =>
      wires.map(({ sent, received }) => ({ sent: Buffer.concat(sent), received: Buffer.concat(received) })),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
