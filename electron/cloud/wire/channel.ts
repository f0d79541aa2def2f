import type { Socket } from 'node:net'
import { CofferError } from '../../base/errors.ts'
import { MAX_HEAD } from './head.ts'
import { notHttp } from './not-http.ts'
import type { Origin } from './origin.ts'
import { paceFor, tooSlow } from './pace.ts'
import { socketTo, type Tls } from './socket.ts'

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

export type Dialled = Channel & { socket: Socket; connected: Promise<void> }

/** An abort ends the connection. Returns what takes that back. */
export function abortWith(channel: Channel, signal: AbortSignal): () => void {
  const stop = (): void => channel.destroy(new Error('aborted'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  return () => signal.removeEventListener('abort', stop)
}

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

/** A read this large is no part of a trickle; so the clock is not read for it. */
const MUCH = 4_096

/**
 * Nothing is allocated for a read, and nothing copied but what came with a head. An answer that trickles ends
 * the connection; `silence`: milliseconds that it may be silent, by which its pace is measured.
 */
export function channelTo(origin: Origin, tls: Tls, silence: number): Dialled {
  const pace = paceFor(silence)
  const heads = Buffer.allocUnsafeSlow(MAX_HEAD)
  let seen = 0
  let asking: Asking | null = null

  const free = (): Buffer => {
    if (asking === null || asking.body === null) return heads.subarray(seen)
    const { body, filled } = asking
    return filled < body.length ? body.subarray(filled) : heads
  }

  const socket = socketTo(origin, tls, { buffer: free, callback: came })
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
      if (count >= MUCH) pace.restart()
      else if (!pace.came(count, performance.now())) throw tooSlow()
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
    const wrong = notHttp(heads.subarray(0, seen))
    if (wrong !== null) throw wrong
    const end = heads.subarray(0, seen).indexOf('\r\n\r\n', from, 'latin1')
    if (end === -1) {
      if (seen === heads.length) throw new CofferError('NOT_S3', 'What answers is not S3: its head does not end.')
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
        pace.restart()
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
  return new CofferError('SERVER', 'The server sent more than it announced.')
}
