import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { abortWith, type Channel, type Follower } from './channel.ts'
import type { Outgoing } from './exchange.ts'
import { headText, parseHead, type Head } from './head.ts'
import { MAX_ERROR_BYTES } from './refusal.ts'
import { originOf } from './origin.ts'
import type { Sockets } from './sockets.ts'

/** An answer that has been read to its end. */
export interface Delivered extends Head {
  body: Buffer
}

/**
 * Sends a request with a body once, with a fraction of what node:http does for each, and reads its answer, which is short.
 * One of another kind (chunked, without a length, after a 1xx) is left to node:http to read, on the connection that it came
 * on: nothing is sent twice. The caller reads that one to its end or destroys it. Throws what the connection threw, a
 * TimeoutError, or LOCAL_SERVER; after an abort, anything.
 */
export async function deliver(
  sockets: Sockets,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Delivered | IncomingMessage> {
  const head = headText(outgoing.method, outgoing.path, outgoing.headers)
  const origin = originOf(outgoing)
  const channel = await sockets.take(origin, false, signal)
  const forget = abortWith(channel, signal)
  let odd: Promise<IncomingMessage> | undefined
  let answer: Delivered | undefined
  const taker = {
    head(text: string) {
      const parsed = parseHead(text)
      if (parsed === null || parsed.length > MAX_ERROR_BYTES) {
        const reading = readByHttp(channel, outgoing.method, forget)
        odd = reading.answer
        return reading.follower
      }
      answer = { ...parsed, body: Buffer.allocUnsafe(parsed.length) }
      return answer.body
    },
    bytes: () => undefined,
    bearsMore: true,
  }
  try {
    await channel.ask(head, outgoing.body, taker)
  } finally {
    if (odd === undefined) forget()
  }
  if (answer === undefined) return odd ?? Promise.reject(new Error('no answer'))
  if (answer.keepAlive) sockets.giveBack(origin, channel)
  else channel.destroy()
  return answer
}

/** A request of node:http over a connection that is none: what it says is lost, and it hears what really came. */
function readByHttp(
  channel: Channel,
  method: string,
  closed: () => void,
): { follower: Follower; answer: Promise<IncomingMessage> } {
  const pretended = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    destroy(error, done) {
      closed()
      channel.destroy()
      done(error)
    },
  })
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ method, createConnection: () => pretended })
      .once('response', resolve)
      .on('error', reject)
      .end()
  })
  const follower: Follower = {
    take: (bytes) => void pretended.push(bytes),
    end(error) {
      if (error === null) pretended.push(null)
      else pretended.destroy(error)
    },
  }
  return { follower, answer }
}
