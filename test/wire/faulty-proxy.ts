import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Crossing, Fault, Weather } from './faults.ts'
import { messageReader, type Head, type MessageReader } from './framing.ts'
import { corrupted, drain, gather, pass, passUntil, write } from './passing.ts'
import { ERROR_IN_200, INSTEAD } from './refusals.ts'

/** A network between a client and a server that does what networks do. */
export interface FaultyProxy {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  /** May be changed at any time; null: all goes well. */
  weather: Weather | null
  /** What happened so far: `PUT /b/k: answer lost`. */
  faults: string[]
  close(): Promise<void>
}

interface Link {
  client: Socket
  server: Socket
  fromClient: MessageReader
  fromServer: MessageReader
}

/** Ends a link at once, as the fault wants it. */
class Broken extends Error {}

/**
 * A TCP proxy on loopback in front of `target` (an http URL). It passes requests and answers on byte for byte, and reads of
 * HTTP only where they begin and end, so that a fault falls where the weather wants it.
 */
export async function faultyProxy(target: string, weather: Weather | null = null): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const asked = new Map<string, number>()

  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.setNoDelay()
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }

  const listener = createServer((incoming) => {
    const [client, server] = [keep(incoming), keep(connect(Number(port), hostname))]
    const link = { client, server, fromClient: messageReader(client), fromServer: messageReader(server) }
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroySoon())
    void serve(link, faultFor).finally(() => {
      client.destroy()
      server.destroy()
    })
  })

  const faultFor = (head: Head): Fault | null => {
    const crossing = crossingOf(head, asked)
    const fault = proxy.weather?.(crossing) ?? null
    if (fault !== null) proxy.faults.push(`${crossing.name}: ${fault.kind}`)
    return fault
  }

  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    weather,
    faults: [],
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
  return proxy
}

function crossingOf({ first, headers }: Head, asked: Map<string, number>): Crossing {
  const [method = '', path = ''] = first.split(' ')
  const url = new URL(path, 'http://server')
  if (url.searchParams.has('uploadId')) url.searchParams.set('uploadId', '')
  url.searchParams.delete('x-id')
  const action = headers.get('x-amz-target') ?? headers.get('range') ?? ''
  const name = `${method} ${url.pathname}${url.search} ${action}`.trimEnd()
  const before = asked.get(name) ?? 0
  asked.set(name, before + 1)
  return { name, before }
}

async function serve(link: Link, faultFor: (head: Head) => Fault | null): Promise<void> {
  try {
    for (let head = await link.fromClient.head(); head !== null; head = await link.fromClient.head()) {
      await exchange(link, head, faultFor(head))
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
  }
}

/** One request and its answer. */
async function exchange(link: Link, head: Head, fault: Fault | null): Promise<void> {
  const { client } = link
  switch (fault?.kind) {
    case 'reset at once':
      return reset(client)
    case 'closed at once':
      return close(client)
    case 'swallowed':
      await drain(link.fromClient.body(head))
      return silence(client)
    case 'error 500':
    case 'error 503':
    case 'portal':
      await drain(link.fromClient.body(head))
      return write(client, INSTEAD[fault.kind])
    default:
  }
  // A middlebox may repeat what it got no answer to, unless it is a POST (RFC 9110, 9.2.2).
  if (fault?.kind === 'asked twice' && !head.first.startsWith('POST ')) return askTwice(link, head)
  // At once: a server may answer before it has heard all.
  await Promise.all([sendRequest(link, head, fault), answer(link, head, fault)])
}

async function sendRequest({ client, server, fromClient }: Link, head: Head, fault: Fault | null): Promise<void> {
  await write(server, head.bytes)
  const at = fault === null ? 0 : placeIn(head, fault)
  switch (fault?.kind) {
    case 'request reset':
      await passUntil(fromClient.body(head), server, at)
      return reset(client)
    case 'request stalls':
      await passUntil(fromClient.body(head), server, at)
      return silence(client)
    case 'request corrupted':
      return pass(corrupted(fromClient.body(head), at), server)
    default:
      return pass(fromClient.body(head), server)
  }
}

async function answer({ client, fromServer }: Link, question: Head, fault: Fault | null): Promise<void> {
  const head = await finalHead(fromServer, client)
  const body = fromServer.body(head, hasNoBody(question, head))
  const at = fault === null ? 0 : placeIn(head, fault)
  switch (fault?.kind) {
    case 'answer lost':
      await drain(body)
      return reset(client)
    case 'answer never comes':
      await drain(body)
      return silence(client)
    case 'error after':
      await drain(body)
      return write(client, completesUpload(question) ? ERROR_IN_200 : INSTEAD['error 500'])
    case 'head cut':
      await write(client, head.bytes.subarray(0, Math.floor(fault.at * (head.bytes.length - 4))))
      return close(client)
    case 'answer cut':
      await write(client, head.bytes)
      await passUntil(body, client, at)
      return close(client)
    case 'answer reset':
      await write(client, head.bytes)
      await passUntil(body, client, at)
      return reset(client)
    case 'answer stalls':
      await write(client, head.bytes)
      await passUntil(body, client, at)
      return silence(client)
    case 'answer corrupted':
      await write(client, head.bytes)
      return pass(corrupted(body, at), client)
    case 'answer corrupted and cut':
      await write(client, head.bytes)
      await passUntil(corrupted(body, Math.floor(at / 2)), client, at)
      return close(client)
    case 'answer too short':
      await write(client, longer(head))
      await pass(body, client)
      return close(client)
    case 'answered twice':
      return answerTwice(client, head, body)
    default:
      await write(client, head.bytes)
      return pass(body, client)
  }
}

/** Passes interim answers (100 Continue) on and returns the head of the real one. */
async function finalHead(fromServer: MessageReader, client: Socket): Promise<Head> {
  for (;;) {
    const head = await fromServer.head()
    if (head === null) return close(client)
    if (!/^HTTP\/1.1 1\d\d/.test(head.first)) return head
    await write(client, head.bytes)
  }
}

/** As a middlebox that lost the first answer and asked again by itself. */
async function askTwice({ client, server, fromClient, fromServer }: Link, head: Head): Promise<void> {
  const body = await gather(fromClient.body(head))
  const ask = async (): Promise<Buffer> => {
    await write(server, Buffer.concat([head.bytes, body]))
    const answered = await finalHead(fromServer, client)
    return Buffer.concat([answered.bytes, await gather(fromServer.body(answered, hasNoBody(head, answered)))])
  }
  await ask()
  await write(client, await ask())
}

async function answerTwice(client: Socket, head: Head, body: AsyncIterable<Buffer>): Promise<void> {
  const whole = Buffer.concat([head.bytes, await gather(body)])
  await write(client, whole)
  await write(client, whole)
}

function hasNoBody(question: Head, { first }: Head): boolean {
  return question.first.startsWith('HEAD ') || / (?:204|304) /.test(first)
}

/** A CompleteMultipartUpload. */
function completesUpload({ first }: Head): boolean {
  return first.startsWith('POST ') && first.includes('uploadId=')
}

function placeIn({ headers }: Head, { at }: Fault): number {
  return Math.floor(at * Number(headers.get('content-length') ?? 0))
}

/** The head with a Content-Length that the body does not keep. */
function longer(head: Head): Buffer {
  const text = head.bytes.toString('latin1')
  const grown = text.replace(
    /^(content-length: *)(\d+)/im,
    (_, name: string, size: string) => name + String(Number(size) + 7),
  )
  return Buffer.from(grown, 'latin1')
}

/** An RST on the wire. */
function reset(client: Socket): never {
  client.resetAndDestroy()
  throw new Broken()
}

/** A FIN on the wire, after what was written. */
function close(client: Socket): never {
  client.destroySoon()
  throw new Broken()
}

/** The connection stays open and nothing moves, until the client has enough of it. */
async function silence(client: Socket): Promise<void> {
  if (!client.destroyed) await once(client, 'close').catch(() => undefined)
  throw new Broken()
}
