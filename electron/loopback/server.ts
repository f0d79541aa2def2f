import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { WebSocketServer } from 'ws'
import { SOCKET_PROTOCOL } from '../api/contract/browser-session.ts'
import { router } from '../api/router.ts'
import type { RouterContext } from '../api/router/base.ts'
import type { Drops } from './drops.ts'
import { sendPage, sendStartPage, sendStartScript, sendText } from './pages.ts'
import { cookieHeader, isSame, newSecret, openSessionAuth, type SessionAuth } from './session-auth.ts'

/** The window in a browser. */
export interface Loopback {
  port: number
  /** With it another program of the same person may ask for a new address to open the window at: see askForWindow. */
  secret: string
  /** An address that opens the window, once and within five minutes. The one before is void. */
  startUrl(): string
  close(): Promise<void>
}

export interface ServeOptions {
  /** The folder with the built window. */
  root: string
  context: RouterContext
  drops: Drops
  /** Told when the address was used, or is void since another program has asked for a new one. */
  onSpent: () => void
}

interface Serving extends ServeOptions {
  auth: SessionAuth
  port: number
  secret: string
}

/** The largest message that a window sends: a list of many paths, an imported key; never a file. */
const MAX_MESSAGE = 16 * 1024 * 1024

/** Serves the built window on a free port of 127.0.0.1, and the contract behind it on a WebSocket. */
export async function serveWindow(options: ServeOptions): Promise<Loopback> {
  // A file that is sent to S3 takes as long as it takes; what has been let in is the person's own.
  const server = createServer({ requestTimeout: 0 })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const serving: Serving = { ...options, auth: openSessionAuth(port), port, secret: newSecret() }
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    // Never the one that carries the secret, which a browser would give to the page's scripts.
    handleProtocols: () => SOCKET_PROTOCOL,
  })
  const handler = new RPCHandler<RouterContext>(router)

  server.on('request', (request, answer) => {
    respond(serving, request, answer).catch(() => {
      if (answer.headersSent) answer.destroy()
      else sendText(answer, 500, 'Something went wrong inside Coffer.')
    })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (request.url !== '/engine' || !serving.auth.mayAct(request.headers)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate())
      void handler.upgrade(webSocket, { context: serving.context })
    })
  })
  return {
    port,
    secret: serving.secret,
    startUrl: () => `http://127.0.0.1:${port}${startPath(serving)}`,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function startPath({ auth }: Serving): string {
  return `/start?token=${auth.issueToken()}`
}

async function respond(serving: Serving, request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { auth, port, root, drops } = serving
  if (!auth.isAddressed(request.headers)) {
    sendText(answer, 421, 'This is not the address of Coffer.')
    return
  }
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://127.0.0.1:${port}`)
  if (request.method === 'GET' && pathname === '/start') start(serving, searchParams.get('token') ?? '', answer)
  else if (request.method === 'GET' && pathname === '/start.js') sendStartScript(answer)
  // The start page has no icon, and browsers ask for one all the same.
  else if (request.method === 'GET' && pathname === '/favicon.ico') answer.writeHead(204).end()
  else if (request.method === 'GET' && auth.mayLoad(request.headers)) await sendPage(root, pathname, answer)
  else if (request.method === 'GET')
    sendText(answer, 403, 'This browser is not connected to Coffer. To open the window: coffer open')
  else if (pathname === '/again') startAgain(serving, request, answer)
  else if (!auth.mayAct(request.headers)) sendText(answer, 403, 'This page may not do that.')
  else if (!(await drops.respond(pathname, request, answer))) sendText(answer, 404, 'There is nothing here.')
}

function start({ auth, port, onSpent }: Serving, token: string, answer: ServerResponse): void {
  const session = auth.redeem(token)
  if (session === null) {
    return sendText(answer, 403, 'This link was used already or is too old. To open the window: coffer open')
  }
  sendStartPage(answer, cookieHeader(port, session.cookie), session.secret)
  onSpent()
}

/** For the person's own programs: no page can send this header here, and none can read the secret. */
function startAgain(serving: Serving, { method, headers }: IncomingMessage, answer: ServerResponse): void {
  if (method !== 'POST' || !isSame(headers.authorization ?? '', `Bearer ${serving.secret}`))
    return sendText(answer, 403, 'Who asks?')
  sendText(answer, 200, startPath(serving))
  serving.onSpent()
}

/**
 * Asks the Coffer that serves at `port` for a new address of its window. Throws if it does not give one.
 */
export async function askForWindow({ port, secret }: { port: number; secret: string }): Promise<string> {
  const here = `http://127.0.0.1:${port}`
  const answer = await fetch(`${here}/again`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    redirect: 'error',
    signal: AbortSignal.timeout(5_000),
  })
  const path = (await answer.text()).trim()
  if (!answer.ok || !/^\/start\?token=[\w-]+$/.test(path)) throw new Error('The Coffer that runs gives no window.')
  return here + path
}
