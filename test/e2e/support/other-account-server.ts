/*
 * A server of another account of this machine, at a port of its own. It keeps the cookies that a browser sends it, and tries
 * to use them at the address of a window (the first argument), as the program that it is and from a page in the browser.
 * Run from its text: the account may not read this file.
 */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

const target = new URL(process.argv[1] ?? '')
const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}

const seen = { uid: process.getuid?.(), cookie: '', program: {} as Record<string, number>, page: undefined as unknown }

/** The status of a request with the cookie, in the name of the window's own page. */
async function attempt(method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const own = { host: target.host, origin: target.origin, cookie: seen.cookie, 'sec-fetch-site': 'same-origin' }
  const asked = request({ host: target.hostname, port: target.port, method, path, headers: { ...own, ...headers } })
  asked.end()
  const answer = await Promise.race([once(asked, 'response'), once(asked, 'upgrade')])
  asked.destroy()
  return (answer[0] as IncomingMessage).statusCode ?? 0
}

async function useCookie(): Promise<void> {
  const [, value = ''] = seen.cookie.split('=')
  const guess = { authorization: `Bearer ${value}` }
  const protocols = { 'sec-websocket-protocol': `coffer, coffer.session.${value}` }
  seen.program = {
    files: await attempt('GET', '/'),
    socket: await attempt('GET', '/engine', upgrade),
    'socket with a guess': await attempt('GET', '/engine', { ...upgrade, ...protocols }),
    'drop line': await attempt('POST', '/drop/line'),
    'drop line with a guess': await attempt('POST', '/drop/line', guess),
  }
}

/** What a page of this server gets of the window in the same browser; only the one at `/` asks the window for anything. */
const PAGE = `<!doctype html><title>Another account</title><script>
const outcome = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 5000, 'nothing'))])
const socket = (protocols) => new Promise((done) => {
  const opened = new WebSocket('ws://${target.host}/engine', protocols)
  opened.onopen = () => done('open')
  opened.onerror = () => done('refused')
})
const read = () => fetch('${target.origin}/', { credentials: 'include' }).then(() => 'read', () => 'refused')
const send = () => fetch('${target.origin}/drop/line', { method: 'POST', credentials: 'include' }).then(() => 'sent', () => 'refused')
const report = async () => fetch('/report', { method: 'POST', body: JSON.stringify({
  at: location.pathname,
  secrets: Object.keys(sessionStorage).length,
  ...(location.pathname === '/' ? {
    socket: await outcome(socket(['coffer'])),
    read: await outcome(read()),
    send: await outcome(send()),
  } : {}),
}) })
addEventListener('load', report)
</script>`

const server = createServer((incoming, answer) => {
  void respond(incoming).then((body) => {
    answer.writeHead(200, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/html' }).end(body)
  })
}).listen(0, '127.0.0.1')

async function respond(incoming: IncomingMessage): Promise<string> {
  if (incoming.url === '/report') {
    seen.page = JSON.parse(Buffer.concat((await incoming.toArray()) as Buffer[]).toString())
    return '{}'
  }
  if (incoming.url === '/seen') return JSON.stringify(seen)
  if (incoming.url !== '/') return PAGE
  seen.cookie = incoming.headers.cookie ?? ''
  await useCookie()
  return PAGE
}

await once(server, 'listening')
console.log((server.address() as AddressInfo).port)
