import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as z from 'zod'
import { CofferError } from '../base/errors.ts'
import type { CofferOptions } from '../compose.ts'

type OpenStream = NonNullable<CofferOptions['openStream']>

/**
 * Files that were dropped on a window in a browser. The browser keeps their contents; this keeps their names. Whenever the
 * queue comes to one, the window is told its id and sends it, so that only what is under way passes through memory.
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
}

interface Dropped {
  name: string
  size: number
  mtimeMs: number | undefined
  window: Window
  /** Who waits for its content; the next that comes is theirs. */
  waiting: ((content: IncomingMessage) => void)[]
}

const announced = z
  .array(z.object({ name: z.string().min(1).max(4096), size: z.int().min(0), mtimeMs: z.number().optional() }))
  .max(10_000)

const MAX_LIST = 16 * 1024 * 1024

/** Longer than a busy browser needs to begin to send. */
const PATIENCE_MS = 30_000

export function openDrops(): Drops {
  const windows = new Map<string, Window>()
  const files = new Map<string, Dropped>()

  /** The window's line: held open for as long as the page is there. */
  function listen(request: IncomingMessage, answer: ServerResponse): void {
    const id = newId()
    const window: Window = { line: answer, files: new Map() }
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
    if (!list.success) return end(answer, 400)
    const ids = list.data.map((file) => {
      const id = newId()
      const dropped = { ...file, window, waiting: [] }
      files.set(id, dropped)
      window.files.set(id, dropped)
      return id
    })
    answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    answer.end(JSON.stringify({ ids }))
  }

  function take(id: string, request: IncomingMessage, answer: ServerResponse): void {
    const next = files.get(id)?.waiting.shift()
    // Nobody waits any more: what was asked for has been cancelled.
    if (next === undefined) return end(answer, 410)
    request.once('end', () => end(answer, 204)).once('error', () => answer.destroy())
    next(request)
  }

  return {
    async respond(path, request, answer) {
      const [, room, what = '', id = ''] = path.split('/')
      if (room !== 'drop') return false
      if (request.method === 'POST' && what === 'line') listen(request, answer)
      else if (request.method === 'POST' && what === 'files') {
        const window = windows.get(id)
        if (window === undefined) end(answer, 410)
        else await announce(window, request, answer)
      } else if (request.method === 'PUT' && what === 'content') take(id, request, answer)
      else return false
      return true
    },
    open(ref) {
      const id = ref.replace(/^stream:/, '')
      const file = files.get(id)
      if (file === undefined) return Promise.reject(gone())
      const { name, size, mtimeMs } = file
      return Promise.resolve({
        name,
        size,
        mtimeMs,
        fileMode: undefined,
        read: (signal) => contentOf(file, id, signal),
      })
    },
  }
}

/** Asks the window for a file and passes on what comes. */
async function* contentOf(file: Dropped, id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const content = await ask(file, id, signal)
  let seen = 0
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      seen += chunk.length
      yield chunk
    }
  } catch (error) {
    throw signal.aborted ? error : new CofferError('CHANGED_WHILE_READ', `The browser stopped sending ${file.name}.`)
  } finally {
    content.destroy()
  }
  if (seen !== file.size) throw new CofferError('CHANGED_WHILE_READ', `${file.name} changed while it was read.`)
}

function ask(file: Dropped, id: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      file.window.line.off('close', leave)
      file.waiting = file.waiting.filter((other) => other !== take)
      act()
    }
    const take = (content: IncomingMessage): void => settle(() => resolve(content))
    const leave = (): void => settle(() => reject(gone()))
    const abort = (): void => settle(() => reject(new CofferError('CANCELLED', 'Cancelled.')))
    const timer = setTimeout(leave, PATIENCE_MS)
    signal.addEventListener('abort', abort, { once: true })
    file.window.line.once('close', leave)
    file.waiting.push(take)
    file.window.line.write(`${JSON.stringify({ wanted: id })}\n`)
  })
}

function gone(): CofferError {
  return new CofferError('FILE_NOT_FOUND', 'The window that had this file is closed.', { hint: 'Drop it again.' })
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
