import type { SecureContext } from 'node:tls'
import { CofferError } from '../../base/errors.ts'
import { proofOf } from '../this-computer/proven-agent.ts'
import { abortWith, channelTo, type Channel, type Dialled } from './channel.ts'
import { nameOf, type Origin } from './origin.ts'

/** Connections that are read into the reader's own memory, kept alive by their origin. */
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
  /** Holds the trusted authorities; undefined: the runtime's own. */
  secureContext?: SecureContext | undefined
}

/** More than these are not kept for an origin. */
const MAX_IDLE = 64
/** Nor longer than so many milliseconds: many servers hang up after five seconds, and what is sent just then is lost. */
const RESTED = 4_000

export function openSockets(trust: Trust, patience: Patience): Sockets {
  const idle = new Map<string, { channel: Channel; at: number }[]>()
  const open = new Set<Channel>()
  const left = new Set<string>()
  const tls = { secureContext: trust.secureContext, sessions: new Map<string, Buffer>() }
  let closed = false

  async function fresh(origin: Origin, signal: AbortSignal): Promise<Channel> {
    const channel = await dial(channelTo(origin, tls, patience.silence), origin, trust, patience, signal)
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

async function dial(
  channel: Dialled,
  { secure }: Origin,
  { provenBy }: Trust,
  { connectTimeout, silence }: Patience,
  signal: AbortSignal,
): Promise<Dialled> {
  const timer = setTimeout(() => channel.destroy(timeout(`no connection in ${connectTimeout} ms`)), connectTimeout)
  const forget = abortWith(channel, signal)
  try {
    await channel.connected
    if (provenBy !== undefined && !secure) await prove(channel, provenBy)
    channel.socket.setTimeout(silence, () => channel.destroy(timeout(`silent for ${silence} ms`)))
    return channel
  } finally {
    clearTimeout(timer)
    forget()
  }
}

async function prove(channel: Dialled, secret: string): Promise<void> {
  const { remoteAddress = '', remotePort = 0 } = channel.socket
  const proof = proofOf(secret, `${remoteAddress}:${remotePort}`, remotePort)
  try {
    await channel.ask(proof.request, [], {
      head(text) {
        proof.require(text)
        return Buffer.alloc(0)
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

function timeout(what: string): Error {
  return Object.assign(new Error(`The server did not answer in time: ${what}.`), { name: 'TimeoutError' })
}
