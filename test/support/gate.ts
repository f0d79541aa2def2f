import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Gate {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  close(): Promise<void>
}

/**
 * A TCP proxy on loopback in front of `target` (an http URL) that shows each piece a client sends to `look`, and holds it
 * back until that settles. A request without a body, or the head of one, is one piece.
 */
export async function gateProxy(target: string, look: (piece: string) => Promise<void>): Promise<Gate> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      const other = socket === client ? upstream : client
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (chunk: Buffer) => {
      client.pause()
      void look(chunk.toString('latin1')).finally(() => {
        upstream.write(chunk)
        client.resume()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
