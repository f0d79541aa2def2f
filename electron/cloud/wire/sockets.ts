import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { CofferError } from '../../base/errors.ts'
import { proofOf } from '../this-computer/proven-agent.ts'
import { MAX_HEAD } from './head.ts'

/** One answer as it comes. */
export interface Taker {
  /**
   * The text of its head without the empty line. Returns where the body goes, all of it; or who takes the whole answer from
   * its first byte on, and the connection with it. Throws to end the connection.
   */
  head(text: string): Buffer | Follower
  /** So many more bytes of the body are in place. */
  bytes(count: number): void
  /** True: an answer that more comes after is one all the same, and only its connection is not used again. */
  bearsMore: boolean
}

/** Takes the bytes of an answer, of which it alone knows the end, until the connection has its own. */
export interface Follower {
  take(bytes: Buffer): void
  /** Null: as a connection ends whose other end has said all. */
  end(error: Error | null): void
}

/** A connection that carries one request at a time. */
export interface Channel {
  /** It has carried a request before: its server may close it at any moment. */
  reused: boolean
  /**
   * Sends a request, of which nothing may change until it is answered, and reads the answer to its end. One that came before
   * all of the request had left ends the connection. Returns at once where a follower takes the answer. Throws what the
   * connection threw, or a TimeoutError.
   */
  ask(head: string, body: readonly Uint8Array[], taker: Taker): Promise<void>
  isOpen(): boolean
  destroy(error?: Error): void
}

/** Whom a connection leads to. */
export interface Origin {
  /** Over TLS. */
  secure: boolean
  /** A name or an address, without brackets. */
  host: string
  port: number
}

/** Connections that are read without a copy as far as they are plain HTTP, kept alive by their origin. */
export interface Sockets {
  /** A connection that nobody else uses. Throws what the connection threw, a TimeoutError, or LOCAL_SERVER. */
  take(origin: Origin, fresh: boolean, signal: AbortSignal): Promise<Channel>
  /** It has answered all it was asked, and may be asked again. */
  giveBack(origin: Origin, channel: Channel): void
  /** True for a server whose contents are left to node:http. */
  isLeft(origin: Origin): boolean
  leave(origin: Origin): void
  close(): void
}

/** Where an outgoing request goes. */
export function originOf({
  protocol,
  hostname,
  port,
}: {
  protocol: string
  hostname: string
  port: number | undefined
}): Origin {
  const secure = protocol === 'https:'
  return { secure, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? (secure ? 443 : 80) }
}

export interface Patience {
  /** Milliseconds until a connection has to stand, and has to have proven itself. */
  connectTimeout: number
  /** Milliseconds that one may be silent. */
  silence: number
}

/** What vouches for the other end of a connection. */
export interface Trust {
  /** The secret of This computer's owner, which its server proves to know on each connection over plain HTTP. */
  provenBy?: string | undefined
  /** Authorities in PEM; undefined: the runtime's own. */
  ca?: string[] | undefined
}

/** More than these are not kept for an origin. */
const MAX_IDLE = 64
/** Nor longer than so many milliseconds: many servers hang up after five seconds, and what is sent just then is lost. */
const RESTED = 4_000

export function openSockets(trust: Trust, patience: Patience): Sockets {
  const idle = new Map<string, { channel: Channel; at: number }[]>()
  const open = new Set<Channel>()
  const left = new Set<string>()
  const sessions = new Map<string, Buffer>()
  let closed = false

  async function fresh(origin: Origin, signal: AbortSignal): Promise<Channel> {
    const channel = await dial(channelTo(origin, trust, sessions), origin, trust, patience, signal)
    open.add(channel)
    channel.socket.once('close', () => open.delete(channel))
    if (closed) channel.destroy()
    return channel
  }

  return {
    async take(origin, isFresh, signal) {
      const kept = isFresh ? [] : (idle.get(nameOf(origin)) ?? [])
      const since = performance.now() - RESTED
      for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
        if (last.channel.isOpen() && last.at > since) return last.channel
        last.channel.destroy()
      }
      return fresh(origin, signal)
    },
    giveBack(origin, channel) {
      const kept = idle.get(nameOf(origin)) ?? []
      idle.set(nameOf(origin), kept)
      if (closed || kept.length === MAX_IDLE) channel.destroy()
      else kept.push({ channel, at: performance.now() })
    },
    isLeft: (origin) => left.has(nameOf(origin)),
    leave: (origin) => void left.add(nameOf(origin)),
    close() {
      closed = true
      for (const channel of open) channel.destroy()
      idle.clear()
    },
  }
}

function nameOf({ secure, host, port }: Origin): string {
  return `${secure ? 'https' : 'http'}://${host}:${port}`
}

type Dialled = Channel & { socket: Socket; connected: Promise<void> }

async function dial(
  channel: Dialled,
  { secure }: Origin,
  { provenBy }: Trust,
  { connectTimeout, silence }: Patience,
  signal: AbortSignal,
): Promise<Dialled> {
  const stop = (): void => channel.destroy(new Error('aborted'))
  const timer = setTimeout(() => channel.destroy(timeout(`no connection in ${connectTimeout} ms`)), connectTimeout)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await channel.connected
    if (provenBy !== undefined && !secure) await prove(channel, provenBy)
    channel.socket.setTimeout(silence, () => channel.destroy(timeout(`silent for ${silence} ms`)))
    return channel
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function prove(channel: Dialled, secret: string): Promise<void> {
  const { remoteAddress = '', remotePort = 0 } = channel.socket
  const proof = proofOf(secret, `${remoteAddress}:${remotePort}`, remotePort)
  try {
    await channel.ask(proof.request, [], {
      head(text) {
        proof.require(text)
        return NOTHING
      },
      bytes: () => undefined,
      bearsMore: false,
    })
    channel.reused = false
  } catch (error) {
    channel.destroy()
    throw error instanceof CofferError ? error : proof.failure()
  }
}

const NOTHING = Buffer.alloc(0)

/** Up to so many bytes go out in one piece: to copy them costs less than to hand over several. */
const IN_ONE = 64 * 1024

function write(socket: Socket, head: string, body: readonly Uint8Array[]): void {
  const length = body.reduce((sum, piece) => sum + piece.length, head.length)
  if (length > IN_ONE) {
    socket.cork()
    socket.write(head, 'latin1')
    for (const piece of body) socket.write(piece)
    socket.uncork()
    return
  }
  const whole = Buffer.allocUnsafe(length)
  let at = whole.write(head, 'latin1')
  for (const piece of body) {
    whole.set(piece, at)
    at += piece.length
  }
  socket.write(whole)
}

interface Asking {
  taker: Taker
  /** Null: its head is still to come. */
  body: Buffer | null
  filled: number
  follower: Follower | null
  resolve(): void
  reject(error: Error): void
}

type Read = { buffer: () => Buffer; callback: (count: number) => boolean }

/** Over plain HTTP the system reads straight into the buffers that `read` names. */
function connectionTo(origin: Origin, { ca }: Trust, sessions: Map<string, Buffer>, read: Read): Socket {
  const { secure, host, port } = origin
  if (!secure) return connect({ host, port, noDelay: true, onread: read })
  const socket = connectTls({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    session: sessions.get(nameOf(origin)),
  })
  socket.setNoDelay(true)
  socket.on('session', (session: Buffer) => sessions.set(nameOf(origin), session))
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && !socket.destroyed;) {
      const taken = chunk.copy(read.buffer(), 0, at)
      at += taken
      read.callback(taken)
    }
  })
  return socket
}

/** Nothing is allocated for a read, and over plain HTTP nothing copied but what came with a head. */
function channelTo(origin: Origin, trust: Trust, sessions: Map<string, Buffer>): Dialled {
  const heads = Buffer.allocUnsafeSlow(MAX_HEAD)
  let seen = 0
  let asking: Asking | null = null

  const free = (): Buffer => {
    if (asking === null || asking.body === null) return heads.subarray(seen)
    const { body, filled } = asking
    return filled < body.length ? body.subarray(filled) : heads
  }

  const socket = connectionTo(origin, trust, sessions, { buffer: free, callback: came })
  const connected = new Promise<void>((resolve, reject) => {
    socket
      .once(origin.secure ? 'secureConnect' : 'connect', resolve)
      .once('error', reject)
      .once('close', () => reject(hungUp()))
  })
  connected.catch(() => undefined)

  function fail(error: Error, saidAll = false): void {
    const failed = asking
    asking = null
    socket.destroy(error)
    failed?.follower?.end(saidAll ? null : error)
    failed?.reject(error)
  }

  function came(count: number): boolean {
    try {
      if (asking?.follower != null) asking.follower.take(Buffer.from(heads.subarray(0, count)))
      else if (asking === null || asking.filled === asking.body?.length) endWithMore(asking)
      else if (asking.body === null) takeHead(asking, count)
      else filledUp(asking, asking.body, count)
    } catch (error) {
      fail(error as Error)
    }
    return true
  }

  function takeHead(now: Asking, count: number): void {
    const from = Math.max(seen - 3, 0)
    seen += count
    const end = heads.subarray(0, seen).indexOf('\r\n\r\n', from, 'latin1')
    if (end === -1) {
      if (seen === heads.length) throw badAnswer('The server answered with a head that does not end.')
      return
    }
    const [all, rest] = [heads.subarray(0, seen), heads.subarray(end + 4, seen)]
    seen = 0
    const place = now.taker.head(heads.toString('latin1', 0, end))
    if (!Buffer.isBuffer(place)) {
      now.follower = place
      place.take(Buffer.from(all))
      now.resolve()
      return
    }
    now.body = place
    now.body.set(rest.subarray(0, place.length))
    filledUp(now, place, Math.min(rest.length, place.length))
    if (rest.length > place.length) endWithMore(now)
  }

  function endWithMore(now: Asking | null): void {
    if (now?.taker.bearsMore !== true) throw tooMuch()
    asking = null
    socket.destroy()
    now.resolve()
  }

  function filledUp(now: Asking, body: Buffer, count: number): void {
    now.filled += count
    if (count > 0) now.taker.bytes(count)
    if (now.filled < body.length) return
    // Only when what the system holds has been read too: more than was announced must not be the next answer's beginning.
    setImmediate(() => {
      if (asking !== now) return
      asking = null
      // What is left of a request that was answered early would be taken for the next one.
      if (socket.writableLength > 0) socket.destroy()
      socket.unref()
      now.resolve()
    })
  }

  socket.on('error', (error) => fail(error))
  socket.on('end', () => fail(hungUp(), true))
  socket.on('close', () => fail(hungUp()))

  const channel = {
    socket,
    connected,
    reused: false,
    ask(head: string, body: readonly Uint8Array[], taker: Taker): Promise<void> {
      return new Promise<void>((resolve, reject) => {
        if (socket.destroyed) {
          reject(hungUp())
          return
        }
        asking = { taker, body: null, filled: 0, follower: null, resolve, reject }
        socket.ref()
        write(socket, head, body)
      }).then(() => void (channel.reused = true))
    },
    isOpen: () => !socket.destroyed && socket.readable,
    destroy(error?: Error): void {
      fail(error ?? hungUp())
    },
  }
  return channel
}

function hungUp(): Error {
  return Object.assign(new Error('The server closed the connection in the middle.'), { code: 'ECONNRESET' })
}

function tooMuch(): CofferError {
  return badAnswer('The server sent more than it announced.')
}

function badAnswer(message: string): CofferError {
  return new CofferError('SERVER', message)
}

function timeout(what: string): Error {
  return Object.assign(new Error(`The server did not answer in time: ${what}.`), { name: 'TimeoutError' })
}
