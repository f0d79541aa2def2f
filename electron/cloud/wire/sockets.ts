import { connect, type Socket } from 'node:net'
import { CofferError } from '../../base/errors.ts'
import { proofOf } from '../this-computer/proven-agent.ts'
import { MAX_HEAD } from './head.ts'

/** One answer as it comes. */
export interface Taker {
  /** The text of its head without the empty line. Returns where the body goes, all of it; throws to end the connection. */
  head(text: string): Buffer
  /** So many more bytes of the body are in place. */
  bytes(count: number): void
}

/** A connection that carries one request at a time. */
export interface Channel {
  /** It has carried a request before: its server may close it at any moment. */
  reused: boolean
  /** Sends a request without a body and reads its answer to the end. Throws what the connection threw, or a TimeoutError. */
  ask(request: string, taker: Taker): Promise<void>
  isOpen(): boolean
  destroy(error?: Error): void
}

/** Connections of plain HTTP that are read without a copy, kept alive by address. */
export interface Sockets {
  /** A connection that nobody else uses. Throws what the connection threw, a TimeoutError, or LOCAL_SERVER. */
  take(host: string, port: number, fresh: boolean, signal: AbortSignal): Promise<Channel>
  /** It has answered all it was asked, and may be asked again. */
  giveBack(host: string, port: number, channel: Channel): void
  /** True for a server whose answers are left to node:http. */
  isLeft(host: string, port: number): boolean
  leave(host: string, port: number): void
  close(): void
}

export interface Patience {
  /** Milliseconds until a connection has to stand, and has to have proven itself. */
  connectTimeout: number
  /** Milliseconds that one may be silent. */
  silence: number
}

/** More than these are not kept for an address. */
const MAX_IDLE = 32

/** `provenBy`: the secret of This computer's owner; each connection has to prove that its other end knows it. */
export function openSockets(provenBy: string | undefined, patience: Patience): Sockets {
  const idle = new Map<string, Channel[]>()
  const open = new Set<Channel>()
  const left = new Set<string>()
  let closed = false

  async function fresh(host: string, port: number, signal: AbortSignal): Promise<Channel> {
    const channel = await dial(host, port, provenBy, patience, signal)
    open.add(channel)
    channel.socket.once('close', () => open.delete(channel))
    if (closed) channel.destroy()
    return channel
  }

  return {
    async take(host, port, isFresh, signal) {
      const kept = isFresh ? [] : (idle.get(`${host}:${port}`) ?? [])
      for (let channel = kept.pop(); channel !== undefined; channel = kept.pop()) if (channel.isOpen()) return channel
      return fresh(host, port, signal)
    },
    giveBack(host, port, channel) {
      const kept = idle.get(`${host}:${port}`) ?? []
      idle.set(`${host}:${port}`, kept)
      if (closed || kept.length === MAX_IDLE) channel.destroy()
      else kept.push(channel)
    },
    isLeft: (host, port) => left.has(`${host}:${port}`),
    leave: (host, port) => void left.add(`${host}:${port}`),
    close() {
      closed = true
      for (const channel of open) channel.destroy()
      idle.clear()
    },
  }
}

async function dial(
  host: string,
  port: number,
  provenBy: string | undefined,
  { connectTimeout, silence }: Patience,
  signal: AbortSignal,
): Promise<Channel & { socket: Socket }> {
  const channel = channelTo(host, port)
  const stop = (): void => channel.destroy(new Error('aborted'))
  const timer = setTimeout(() => channel.destroy(timeout(`no connection in ${connectTimeout} ms`)), connectTimeout)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await channel.connected
    if (provenBy !== undefined) await prove(channel, provenBy)
    channel.socket.setTimeout(silence, () => channel.destroy(timeout(`silent for ${silence} ms`)))
    return channel
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function prove(channel: Channel & { socket: Socket }, secret: string): Promise<void> {
  const { remoteAddress = '', remotePort = 0 } = channel.socket
  const proof = proofOf(secret, `${remoteAddress}:${remotePort}`, remotePort)
  try {
    await channel.ask(proof.request, {
      head(text) {
        proof.require(text)
        return NOTHING
      },
      bytes: () => undefined,
    })
    channel.reused = false
  } catch (error) {
    channel.destroy()
    throw error instanceof CofferError ? error : proof.failure()
  }
}

const NOTHING = Buffer.alloc(0)

interface Asking {
  taker: Taker
  /** Null: its head is still to come. */
  body: Buffer | null
  filled: number
  resolve(): void
  reject(error: Error): void
}

/** The system reads straight into the place that the taker named: nothing is allocated for a read, and nothing copied but what came with a head. */
function channelTo(host: string, port: number): Channel & { socket: Socket; connected: Promise<void> } {
  const heads = Buffer.allocUnsafeSlow(MAX_HEAD)
  let seen = 0
  let asking: Asking | null = null

  const free = (): Buffer => {
    if (asking === null || asking.body === null) return heads.subarray(seen)
    const { body, filled } = asking
    return filled < body.length ? body.subarray(filled) : heads
  }

  const socket = connect({ host, port, noDelay: true, onread: { buffer: free, callback: came } })
  const connected = new Promise<void>((resolve, reject) => {
    socket
      .once('connect', resolve)
      .once('error', reject)
      .once('close', () => reject(hungUp()))
  })
  connected.catch(() => undefined)

  function fail(error: Error): void {
    const failed = asking
    asking = null
    socket.destroy(error)
    failed?.reject(error)
  }

  function came(count: number): boolean {
    try {
      if (asking === null || asking.filled === asking.body?.length) throw tooMuch()
      if (asking.body === null) takeHead(asking, count)
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
    const rest = heads.subarray(end + 4, seen)
    seen = 0
    now.body = now.taker.head(heads.toString('latin1', 0, end))
    if (rest.length > now.body.length) throw tooMuch()
    now.body.set(rest)
    filledUp(now, now.body, rest.length)
  }

  function filledUp(now: Asking, body: Buffer, count: number): void {
    now.filled += count
    if (count > 0) now.taker.bytes(count)
    if (now.filled < body.length) return
    // Only when what the system holds has been read too: more than was announced must not be the next answer's beginning.
    setImmediate(() => {
      if (asking !== now) return
      asking = null
      socket.unref()
      now.resolve()
    })
  }

  socket.on('error', fail)
  socket.on('end', () => fail(hungUp()))
  socket.on('close', () => fail(hungUp()))

  const channel = {
    socket,
    connected,
    reused: false,
    ask(request: string, taker: Taker): Promise<void> {
      return new Promise<void>((resolve, reject) => {
        if (socket.destroyed) {
          reject(hungUp())
          return
        }
        asking = { taker, body: null, filled: 0, resolve, reject }
        socket.ref()
        socket.write(request, 'latin1')
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
