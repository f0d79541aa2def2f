import { abortWith, type Channel } from './channel.ts'
import type { Outgoing } from './exchange.ts'
import { headText, parseHead, type Head } from './head.ts'
import { NotHttp } from './not-http.ts'
import { MAX_ERROR_BYTES } from './refusal.ts'
import { originOf } from './origin.ts'
import type { Sockets } from './sockets.ts'

/** Where a body goes. */
export interface Place {
  /** The head of a success. Returns where all of its body has room; throws to take nothing of it. */
  place: (head: Head) => Buffer
  /** So many more bytes of the body are in place. */
  onBytes: (count: number) => void
}

/** An answer whose head has come. */
export interface Received extends Head {
  /** All of an answer that is no success, or has no content; it is not long. */
  refusal: Buffer
  /** Fulfilled when the whole body is in its place; rejected with what the connection threw. */
  done: Promise<void>
}

/**
 * Sends a request without a body and waits for the head of its answer, whose body is read into the place
 * that is named for it, without a copy. Null, and nothing is left of it, where the answer is of a kind that it takes
 * node:http to read (chunked, long errors, HTTP/1.0). A connection that was idle and turns out to be closed does not count:
 * another is taken (RFC 9112, section 9.3.1; a GET may be repeated). Throws what the connection threw, a TimeoutError,
 * LOCAL_SERVER, or what `place` threw; after an abort, anything.
 */
export async function receive(
  sockets: Sockets,
  outgoing: Outgoing,
  place: Place,
  signal: AbortSignal,
): Promise<Received | null> {
  const origin = originOf(outgoing)
  const request = headText(outgoing.method, outgoing.path, outgoing.headers)
  if (sockets.isLeft(origin)) return null
  for (let fresh = false; ; fresh = true) {
    const channel = await sockets.take(origin, fresh, signal)
    const { reused } = channel
    const state = { answered: false, refused: false }
    try {
      const received = await askOver(channel, request, place, signal, state, () => sockets.giveBack(origin, channel))
      // What it refuses is another matter: errors may be long, or chunked, where contents never are.
      if (received === null && !state.refused) sockets.leave(origin)
      return received
    } catch (error) {
      if (!reused || state.answered || signal.aborted) throw error
    }
  }
}

/** An answer that is left to node:http. */
class Unreadable extends Error {}

function askOver(
  channel: Channel,
  request: string,
  { place, onBytes }: Place,
  signal: AbortSignal,
  state: { answered: boolean; refused: boolean },
  giveBack: () => void,
): Promise<Received | null> {
  return new Promise((resolve, reject) => {
    const forget = abortWith(channel, signal)
    let head: Head | null = null
    const done = channel
      .ask(request, [], {
        head(text) {
          state.answered = true
          state.refused = /^HTTP\/1\.[01] [345]/.test(text)
          head = parseHead(text)
          if (head === null) throw new Unreadable()
          const refused = head.status !== 200 && head.status !== 206
          if (refused && head.length > MAX_ERROR_BYTES) throw new Unreadable()
          const body = refused ? Buffer.allocUnsafe(head.length) : place(head).subarray(0, head.length)
          const received = { ...head, refusal: refused ? body : NOTHING, done }
          resolve(received)
          return body
        },
        bytes: (count) => {
          if (head?.status === 200 || head?.status === 206) onBytes(count)
        },
        bearsMore: false,
      })
      .then(() => {
        if (head?.keepAlive === true) giveBack()
        else channel.destroy()
      })
      .finally(forget)
    done.catch((error: unknown) => {
      // What speaks no HTTP is node:http's to refuse as well: its words are the same on every connection.
      if (error instanceof Unreadable || error instanceof NotHttp) resolve(null)
      else reject(error instanceof Error ? error : new Error(String(error)))
    })
  })
}

const NOTHING = Buffer.alloc(0)
