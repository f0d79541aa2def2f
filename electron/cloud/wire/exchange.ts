import { request as httpRequest, type Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https'
import { originOf } from './origin.ts'
import { paceFor, tooSlow } from './pace.ts'
import { refusedByProxy, throughProxy, type Proxies } from './proxy.ts'
import type { Sockets } from './sockets.ts'

/** The pool of connections of one place, and how long they may be silent, in milliseconds. */
export interface Pool {
  httpAgent: HttpAgent
  httpsAgent: HttpsAgent
  /** What is sent and what comes in bulk goes over these. */
  sockets: Sockets
  proxies?: Proxies | undefined
  connectTimeout: number
  silence: number
}

/** One request, ready to go. */
export interface Outgoing {
  protocol: string
  /** A name or an address; IPv6 in brackets or without. */
  hostname: string
  port: number | undefined
  method: string
  /** With its query. */
  path: string
  headers: Record<string, string>
  /** One body in pieces; nothing is copied. They must not change until the answer is there. */
  body: readonly Uint8Array[]
}

/** How long a server may take to ask for a body that is announced before it is sent, in milliseconds. */
const CONTINUE_PATIENCE = 1_000

/**
 * Sends one request once and waits for the head of its answer. The caller reads the body to its end or destroys it. Throws
 * what the connection threw, or a TimeoutError; after an abort, anything.
 */
export function exchange(pool: Pool, outgoing: Outgoing, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = outgoing.protocol === 'https:'
    const proxied = pool.proxies?.agentFor(originOf(outgoing))
    const request = (secure ? httpsRequest : httpRequest)({
      host: outgoing.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: outgoing.port,
      method: outgoing.method,
      path: outgoing.path,
      headers: outgoing.headers,
      agent: proxied?.agent ?? (secure ? pool.httpsAgent : pool.httpAgent),
    })
    const abort = (): void => void request.destroy(new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    request.once('close', () => signal.removeEventListener('abort', abort))
    request.once('response', (answer) => {
      // An answer that did not wait for the whole body: what is left of it would be taken for the next request.
      if (outgoing.body.length > 0) answer.once('end', () => request.writableFinished || request.destroy())
      if (proxied !== undefined && answer.statusCode === 407) {
        reject(refusedByProxy(proxied.proxy, 407))
        request.destroy()
      } else resolve(answer)
    })
    request.on('error', (error) => reject(proxied === undefined ? error : throughProxy(proxied.proxy, error)))
    bound(request, pool)
    watchPace(request, pool, mayTrickle(outgoing))
    sendBody(request, outgoing)
  })
}

function sendBody(request: ClientRequest, { headers, body }: Outgoing): void {
  const write = (): void => {
    request.cork()
    for (const piece of body.slice(0, -1)) request.write(piece)
    const last = body.at(-1)
    if (last === undefined) request.end()
    else request.end(last)
    request.uncork()
  }
  if (headers.expect === undefined) {
    write()
    return
  }
  // A server that refuses says so before the body is sent; one that does not know the question is not waited for.
  const timer = setTimeout(go, CONTINUE_PATIENCE)
  const forget = (): void => clearTimeout(timer)
  function go(): void {
    forget()
    if (!request.destroyed) write()
  }
  request.once('continue', go).once('response', forget).once('close', forget)
}

/** Bounds how long the connection may take to be made, and how long it may then be silent. */
function bound(request: ClientRequest, { connectTimeout, silence }: Pool): void {
  let answer: IncomingMessage | undefined
  request.once('response', (response) => void (answer = response))
  request.setTimeout(silence, () => void (answer ?? request).destroy(timeout(`silent for ${silence} ms`)))
  request.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => request.destroy(timeout(`no connection in ${connectTimeout} ms`)), connectTimeout)
    const forget = (): void => clearTimeout(timer)
    socket.once('connect', forget)
    request.once('close', forget)
  })
}

/** How long S3 may take to complete an upload or to copy, in milliseconds; it sends white space meanwhile. */
const LONG_WORK = 3_600_000

/** Answers that begin before the work is done (Amazon S3 API, CompleteMultipartUpload, CopyObject, UploadPartCopy). */
function mayTrickle({ method, path, headers }: Outgoing): boolean {
  return (method === 'POST' && /[?&]uploadId=/.test(path)) || headers['x-amz-copy-source'] !== undefined
}

/** Ends a request whose answer trickles: neither its head nor its body would ever be idle. */
function watchPace(request: ClientRequest, { silence }: Pool, trickles: boolean): void {
  const pace = paceFor(silence)
  let answer: IncomingMessage | undefined
  let seen: number | undefined
  let longest: NodeJS.Timeout | undefined
  const begin = (): void => {
    pace.restart()
    seen = request.socket?.bytesRead
  }
  const end = (): void => void (answer ?? request).destroy(tooSlow())
  const check = (): void => {
    if (request.socket === null || seen === undefined) return
    const came = request.socket.bytesRead - seen
    seen += came
    const isRead = answer === undefined || answer.readableLength < answer.readableHighWaterMark
    if (!isRead || (trickles && answer !== undefined)) pace.restart()
    else if (came > 0 && !pace.came(came, performance.now())) end()
  }
  const timer = setInterval(check, silence / TICKS)
  request
    .once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', begin).once('secureConnect', begin)
      else begin()
    })
    .once('finish', begin)
    .on('information', begin)
    .once('response', (response) => {
      answer = response
      begin()
      if (trickles) longest = setTimeout(end, LONG_WORK)
    })
    .once('close', () => {
      clearInterval(timer)
      clearTimeout(longest)
    })
}

/** How often the pace is looked at while a connection may be silent. */
const TICKS = 32

function timeout(what: string): Error {
  return Object.assign(new Error(`The server did not answer in time: ${what}.`), { name: 'TimeoutError' })
}
