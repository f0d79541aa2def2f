import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { WebSocketServer } from 'ws'
import { router } from '../api/router.ts'
import type { RouterContext } from '../api/router/base.ts'
import { cookieHeader, openDoors, type Doors } from './doors.ts'
import type { Drops } from './drops.ts'
import { sendOn, sendPage, sendText } from './pages.ts'

/** The window in a browser. */
export interface Loopback {
  port: number
  /** Opens the window, once. */
  startUrl: string
  close(): Promise<void>
}

interface Serving {
  doors: Doors
  port: number
  root: string
  drops: Drops
}

/** The largest message that a window sends: a list of many paths, an imported key; never a file. */
const MAX_MESSAGE = 16 * 1024 * 1024

/** Serves the built window at `root` on a free port of 127.0.0.1, and the contract behind it on a WebSocket. */
export async function serveWindow(root: string, context: RouterContext, drops: Drops): Promise<Loopback> {
  const server = createServer({ requestTimeout: 0 })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const serving = { doors: openDoors(port), port, root, drops }
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false })
  const handler = new RPCHandler<RouterContext>(router)

  server.on('request', (request, answer) => {
    respond(serving, request, answer).catch(() => {
      if (answer.headersSent) answer.destroy()
      else sendText(answer, 500, 'Something went wrong inside Coffer.')
    })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== '/engine' || !serving.doors.admitsFromPage(request.headers)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => void handler.upgrade(webSocket, { context }))
  })
  return {
    port,
    startUrl: `http://127.0.0.1:${port}/start?token=${serving.doors.token}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function respond(serving: Serving, request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { doors, port, root, drops } = serving
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://127.0.0.1:${port}`)
  if (request.headers.host !== `127.0.0.1:${port}`) return sendText(answer, 421, 'This is not the address of Coffer.')
  if (pathname === '/start' && request.method === 'GET') return start(serving, searchParams.get('token') ?? '', answer)
  if (request.method === 'GET' && !pathname.startsWith('/drop/')) {
    if (!doors.admits(request.headers)) return sendText(answer, 403, 'Open Coffer again: this window is not known.')
    return sendPage(root, pathname, answer)
  }
  if (!doors.admitsFromPage(request.headers)) return sendText(answer, 403, 'This page may not do that.')
  if (!(await drops.respond(pathname, request, answer))) sendText(answer, 404, 'There is nothing here.')
}

function start({ doors, port }: Serving, token: string, answer: ServerResponse): void {
  const cookie = doors.exchange(token)
  if (cookie === null) sendText(answer, 403, 'This link was used already or is too old. Open Coffer again.')
  else sendOn(answer, '/', cookieHeader(port, cookie))
}
