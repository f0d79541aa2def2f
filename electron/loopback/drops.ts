import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as z from 'zod'
import { CofferError } from '../base/errors.ts'
import type { CofferOptions } from '../compose.ts'

type OpenStream = NonNullable<CofferOptions['openStream']>

/**
 * Files that were dropped on a window in a browser. The browser keeps their contents; this keeps their names. Whenever the
 * queue comes to one, the window is told to send it, so that only what is under way passes through memory.
 */
export interface Drops {
  /** Answers what the window asks below `/drop/`; false if it is nothing of that. */
  respond(path: string, request: IncomingMessage, answer: ServerResponse): Promise<boolean>
  /** Opens `stream:ID`. Throws FILE_NOT_FOUND if the window that had it is gone. */
  open: OpenStream
}

/** One window: the line on which it hears what is wanted, and the files that it has. */
interface Window {
  line: ServerResponse
  files: Map<string, Dropped>
  /** How many more files it may be asked for now. */
  free: number
  /** Who waits until it may be asked. */
  queue: (() => void)[]
}

interface Dropped {
  name: string
  size: number
  mtimeMs: number | undefined
  window: Window
}

/** One time that a file is asked for. */
interface Ask {
  come(content: IncomingMessage): void
  fail(error: CofferError): void
}

const announced = z
  .array(z.object({ name: z.string().min(1).max(4096), size: z.int().min(0), mtimeMs: z.number().optional() }))
  .max(10_000)

const MAX_LIST = 16 * 1024 * 1024

/**
 * Files under way from one window. A browser has six connections to a server; one is the line, and one stays free for what a
 * person does next. What it is asked for beyond that would wait inside the browser, where nobody sees why.
 */
const AT_ONCE = 4

/** Milliseconds; longer than a busy browser needs to begin to send. */
const PATIENCE = 30_000

export function openDrops(): Drops {
  const windows = new Map<string, Window>()
  const files = new Map<string, Dropped>()
  const asks = new Map<string, Ask>()

  /** The window's line: held open for as long as the page is there. */
  function listen(request: IncomingMessage, answer: ServerResponse): void {
    const id = newId()
    const window: Window = { line: answer, files: new Map(), free: AT_ONCE, queue: [] }
    windows.set(id, window)
    answer.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    answer.write(`${JSON.stringify({ window: id })}\n`)
    answer.on('close', () => {
      windows.delete(id)
      for (const file of window.files.keys()) files.delete(file)
    })
    request.resume()
  }

  async function announce(window: Window, request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const list = announced.safeParse(await readJson(request))
    if (!list.success) {
      end(answer, 400)
      return
    }
    const ids = list.data.map(({ name, size, mtimeMs }) => {
      const id = newId()
      const dropped = { name, size, mtimeMs, window }
      files.set(id, dropped)
      window.files.set(id, dropped)
      return id
    })
    answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    answer.end(JSON.stringify({ ids }))
  }

  function take(ask: Ask | undefined, request: IncomingMessage, answer: ServerResponse): void {
    // Nobody waits any more: what was asked for has been cancelled.
    if (ask === undefined) return end(answer, 410)
    request.once('end', () => end(answer, 204)).once('error', () => answer.destroy())
    ask.come(request)
  }

  /** Asks the window for a file. Throws FILE_NOT_FOUND, CHANGED_WHILE_READ, CANCELLED. */
  function ask(id: string, { name, window }: Dropped, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const number = newId()
      const settle = (): void => {
        clearTimeout(timer)
        asks.delete(number)
        signal.removeEventListener('abort', abort)
        window.line.off('close', leave)
      }
      const fail = (error: CofferError): void => {
        settle()
        reject(error)
      }
      const come = (content: IncomingMessage): void => {
        settle()
        resolve(content)
      }
      const leave = (): void => fail(gone())
      const abort = (): void => fail(cancelled())
      const timer = setTimeout(() => fail(unread(name)), PATIENCE)
      if (signal.aborted) return abort()
      if (window.line.destroyed) return leave()
      signal.addEventListener('abort', abort)
      window.line.once('close', leave)
      asks.set(number, { come, fail })
      window.line.write(`${JSON.stringify({ wanted: id, ask: number })}\n`)
    })
  }

  /** What the window sends of a file. */
  async function* read(id: string, file: Dropped, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    await enter(file.window, signal)
    try {
      const content = await ask(id, file, signal)
      const stop = (): void => void content.destroy()
      signal.addEventListener('abort', stop)
      try {
        yield* checked(content, file, signal)
      } finally {
        signal.removeEventListener('abort', stop)
        content.destroy()
      }
    } finally {
      leaveFree(file.window)
    }
  }

  return {
    async respond(path, request, answer) {
      const [, room, what = '', id = ''] = path.split('/')
      const door = room === 'drop' ? `${request.method ?? ''} ${what}` : ''
      const window = windows.get(id)
      if (door === 'POST line') listen(request, answer)
      else if (door === 'POST files' && window === undefined) end(answer, 410)
      else if (door === 'POST files' && window !== undefined) await announce(window, request, answer)
      else if (door === 'PUT content') take(asks.get(id), request, answer)
      else if (door === 'POST failed') {
        asks.get(id)?.fail(unread('a file'))
        end(answer, 204)
      } else return false
      return true
    },
    open(ref) {
      const id = ref.replace(/^stream:/, '')
      const file = files.get(id)
      if (file === undefined) return Promise.reject(gone())
      const { name, size, mtimeMs } = file
      // The browser has it for as long as the window is there: an upload that was paused goes on.
      const identity = { path: ref, mtimeNs: BigInt(Math.round((mtimeMs ?? 0) * 1_000_000)), inode: 0n }
      return Promise.resolve({
        name,
        size,
        mtimeMs,
        fileMode: undefined,
        file: identity,
        read: (signal) => read(id, file, signal),
      })
    },
  }
}

/** Passes on exactly as much as was announced, or throws CHANGED_WHILE_READ. */
async function* checked(
  content: AsyncIterable<Uint8Array>,
  { name, size }: Dropped,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let seen = 0
  try {
    for await (const chunk of content) {
      seen += chunk.length
      if (seen > size) break
      yield chunk
    }
  } catch {
    throw signal.aborted ? cancelled() : unread(name)
  }
  if (signal.aborted) throw cancelled()
  if (seen !== size) throw new CofferError('CHANGED_WHILE_READ', `${name} changed while it was read.`)
}

/** Waits until the window may be asked for one more file. */
async function enter(window: Window, signal: AbortSignal): Promise<void> {
  if (window.free > 0) {
    window.free -= 1
    return
  }
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      window.queue.splice(window.queue.indexOf(pass), 1)
      reject(cancelled())
    }
    const pass = (): void => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    window.queue.push(pass)
    signal.addEventListener('abort', abort, { once: true })
  })
}

function leaveFree(window: Window): void {
  const next = window.queue.shift()
  if (next === undefined) window.free += 1
  else next()
}

function gone(): CofferError {
  return new CofferError('FILE_NOT_FOUND', 'The window that had this file is closed.', { hint: 'Drop it again.' })
}

function unread(name: string): CofferError {
  return new CofferError('CHANGED_WHILE_READ', `The browser could not read ${name} to its end.`, {
    hint: 'If the file was changed or moved, drop it again.',
  })
}

function cancelled(): CofferError {
  return new CofferError('CANCELLED', 'Cancelled.')
}

function newId(): string {
  return randomBytes(12).toString('base64url')
}

function end(answer: ServerResponse, status: number): void {
  answer.writeHead(status, { 'cache-control': 'no-store' }).end()
}

/** Undefined for what is no JSON, or too long for a list of names. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_LIST) return undefined
    pieces.push(piece)
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch {
    return undefined
  }
}
