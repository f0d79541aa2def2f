import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A door before a server that lets only so much through, and counts it. */
export interface SlowProxy {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  /** Bytes that the server has sent, over all connections, since the last call. */
  passed(): number
  /** Bytes a second that the server may send from now on. */
  limit(bytesPerSecond: number): void
  close(): Promise<void>
}

const STEP_MS = 20

/** A TCP proxy on loopback in front of `target` (an http URL). Unlimited unless told. */
export async function slowProxy(target: string): Promise<SlowProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let perStep = Infinity
  let left = Infinity
  let count = 0
  let open = true
  const clock = setInterval(() => (left = perStep), STEP_MS)

  async function answer(client: Socket, upstream: Socket): Promise<void> {
    for await (const piece of upstream as AsyncIterable<Buffer>) {
      while (left <= 0 && open) await sleep(STEP_MS / 2)
      left -= piece.length
      count += piece.length
      if (!client.write(piece)) await once(client, 'drain')
    }
    client.end()
  }

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) sockets.add(socket.on('close', () => sockets.delete(socket)))
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.pipe(upstream)
    answer(client, upstream).catch(() => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed() {
      const passed = count
      count = 0
      return passed
    },
    limit(bytesPerSecond) {
      perStep = (bytesPerSecond * STEP_MS) / 1_000
      left = Math.min(left, perStep)
    },
    async close() {
      open = false
      clearInterval(clock)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
