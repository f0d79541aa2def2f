import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isCofferError } from '../../../electron/base/errors.ts'
import { openDrops, type Drops } from '../../../electron/loopback/drops.ts'

interface Wanted {
  wanted: string
  ask: string
}

/** What a page in a browser does: announces files, hears which are wanted, sends them. */
interface Page {
  id: string
  announce(files: { name: string; size: number; mtimeMs?: number }[]): Promise<string[]>
  wanted(): Promise<Wanted>
  send(ask: string, body: string | ReadableStream<Uint8Array>): Promise<number>
  fail(ask: string): Promise<void>
  leave(): void
}

let server: Server
let drops: Drops
let address: string

beforeEach(async () => {
  drops = openDrops()
  server = createServer((request, answer) => {
    void drops.respond(request.url ?? '', request, answer).then((known) => {
      if (!known) answer.writeHead(404).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function openPage(): Promise<Page> {
  const leaving = new AbortController()
  const answer = await fetch(`${address}/drop/line`, { method: 'POST', signal: leaving.signal })
  const lines = linesOf(answer)
  const { window: id } = (await lines.next()).value as unknown as { window: string }
  return {
    id,
    async announce(files) {
      const told = await fetch(`${address}/drop/files/${id}`, { method: 'POST', body: JSON.stringify(files) })
      return ((await told.json()) as { ids: string[] }).ids
    },
    wanted: async () => (await lines.next()).value,
    send: async (ask, body) =>
      (await fetch(`${address}/drop/content/${ask}`, { method: 'PUT', body, duplex: 'half' })).status,
    async fail(ask) {
      await fetch(`${address}/drop/failed/${ask}`, { method: 'POST' })
    },
    leave: () => leaving.abort(),
  }
}

async function* linesOf(answer: Response): AsyncGenerator<Wanted, Wanted> {
  let rest = ''
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as Wanted
  }
  throw new Error('the line is closed')
}

/** Reads a stream to its end; the failure's code, or its bytes. */
async function read(ref: string, signal = new AbortController().signal): Promise<string> {
  const pieces: Uint8Array[] = []
  try {
    const source = await drops.open(ref)
    for await (const chunk of source.read(signal)) pieces.push(Buffer.from(chunk))
  } catch (error) {
    return isCofferError(error) ? error.code : 'another failure'
  }
  return Buffer.concat(pieces).toString()
}

async function* whole(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  yield* chunks
}

/** A body of `size` bytes, made as it is asked for, and how much of it was. */
function large(size: number): { body: ReadableStream<Uint8Array>; made: () => number } {
  let made = 0
  const piece = Buffer.alloc(256 * 1024, 'x')
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (made === size) {
        controller.close()
        return
      }
      const next = piece.subarray(0, Math.min(piece.length, size - made))
      made += next.length
      controller.enqueue(next)
    },
  })
  return { body, made: () => made }
}

describe('a dropped file', () => {
  it('is described by what the window said of it, and sent when it is read', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'folder/letter.txt', size: 5, mtimeMs: 12.5 }])
    const source = await drops.open(`stream:${id ?? ''}`)
    expect(source).toMatchObject({ name: 'folder/letter.txt', size: 5, mtimeMs: 12.5, fileMode: undefined })
    const reading = read(`stream:${id ?? ''}`)
    const { wanted, ask } = await page.wanted()
    expect(wanted).toBe(id)
    expect(await page.send(ask, 'hello')).toBe(204)
    expect(await reading).toBe('hello')
  })

  it('can be read again', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'a', size: 1 }])
    for (let time = 0; time < 3; time++) {
      const reading = read(`stream:${id ?? ''}`)
      await page.send((await page.wanted()).ask, 'a')
      expect(await reading).toBe('a')
    }
  })

  it('of no bytes is a file too', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'empty', size: 0 }])
    const reading = read(`stream:${id ?? ''}`)
    await page.send((await page.wanted()).ask, '')
    expect(await reading).toBe('')
  })

  it('that is large waits in the browser, not in memory', async () => {
    const size = 96 * 1024 * 1024
    const page = await openPage()
    const [id] = await page.announce([{ name: 'large', size }])
    const source = await drops.open(`stream:${id ?? ''}`)
    const chunks = whole(source.read(new AbortController().signal))
    const first = chunks.next()
    const { body, made } = large(size)
    const sent = page.send((await page.wanted()).ask, body)
    let seen = (await first).value?.length ?? 0
    await sleep(500)
    expect(made()).toBeLessThan(16 * 1024 * 1024)
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) seen += next.value.length
    expect(seen).toBe(size)
    expect(await sent).toBe(204)
  })

  it.each([
    ['shorter', 'hell'],
    ['longer', 'hello and more'],
    ['empty', ''],
  ])('that comes %s than it was announced is CHANGED_WHILE_READ', async (_, body) => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'letter.txt', size: 5 }])
    const reading = read(`stream:${id ?? ''}`)
    await page.send((await page.wanted()).ask, body).catch(() => undefined)
    expect(await reading).toBe('CHANGED_WHILE_READ')
  })

  it('that the browser cannot read is CHANGED_WHILE_READ at once', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'letter.txt', size: 5 }])
    const reading = read(`stream:${id ?? ''}`)
    await page.fail((await page.wanted()).ask)
    expect(await reading).toBe('CHANGED_WHILE_READ')
  })

  it('is let go of in the middle when it is cancelled, and can be read anew', async () => {
    const size = 64 * 1024 * 1024
    const page = await openPage()
    const [id] = await page.announce([{ name: 'large', size }])
    const cancel = new AbortController()
    const reading = read(`stream:${id ?? ''}`, cancel.signal)
    const { body, made } = large(size)
    const sent = page.send((await page.wanted()).ask, body).catch(() => 'broken off')
    await sleep(20)
    cancel.abort()
    expect(await reading).toBe('CANCELLED')
    expect(await sent).toBe('broken off')
    expect(made()).toBeLessThan(size)

    const again = read(`stream:${id ?? ''}`)
    const { ask } = await page.wanted()
    await page.fail(ask)
    expect(await again).toBe('CHANGED_WHILE_READ')
  })

  it('is let go of when it is cancelled before the browser sends; what it sends then is not taken', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'letter.txt', size: 5 }])
    const cancel = new AbortController()
    const reading = read(`stream:${id ?? ''}`, cancel.signal)
    const { ask } = await page.wanted()
    cancel.abort()
    expect(await reading).toBe('CANCELLED')
    expect(await page.send(ask, 'hello')).toBe(410)
  })

  it('is FILE_NOT_FOUND when its window was closed, also while it is waited for', async () => {
    const page = await openPage()
    const [id] = await page.announce([{ name: 'letter.txt', size: 5 }])
    const reading = read(`stream:${id ?? ''}`)
    await page.wanted()
    page.leave()
    expect(await reading).toBe('FILE_NOT_FOUND')
    expect(await read(`stream:${id ?? ''}`)).toBe('FILE_NOT_FOUND')
    expect(await read('stream:unheard-of')).toBe('FILE_NOT_FOUND')
  })

  it('is one of four under way; the fifth is asked for when one is through', async () => {
    const page = await openPage()
    const ids = await page.announce(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, size: 1 })))
    const cancel = new AbortController()
    const readings = ids.map((id, at) => read(`stream:${id}`, at === 5 ? cancel.signal : undefined))
    const first = [await page.wanted(), await page.wanted(), await page.wanted(), await page.wanted()]
    const fifth = page.wanted()
    expect(await Promise.race([fifth, sleep(100, 'nothing')])).toBe('nothing')
    // One that is cancelled while it waits takes nobody's turn.
    cancel.abort()
    expect(await readings[5]).toBe('CANCELLED')
    for (const { ask } of first) await page.send(ask, 'x')
    expect(first.map(({ wanted }) => wanted)).toEqual(ids.slice(0, 4))
    const { wanted, ask } = await fifth
    expect(wanted).toBe(ids[4])
    await page.send(ask, 'x')
    expect(await Promise.all(readings)).toEqual(['x', 'x', 'x', 'x', 'x', 'CANCELLED'])
  })
})

describe('the door for drops', () => {
  it.each([
    ['not JSON', 'x'],
    ['no list', '{}'],
    ['a nameless file', '[{"name":"","size":1}]'],
    ['a size below nothing', '[{"name":"a","size":-1}]'],
    ['a size that is none', '[{"name":"a","size":0.5}]'],
    ['too many files', JSON.stringify(Array.from({ length: 10_001 }, () => ({ name: 'a', size: 1 })))],
  ])('takes no list that is %s', async (_, body) => {
    const { id } = await openPage()
    expect((await fetch(`${address}/drop/files/${id}`, { method: 'POST', body })).status).toBe(400)
  })

  it.each([
    ['POST', '/drop/files/unheard-of', 410],
    ['PUT', '/drop/content/unheard-of', 410],
    ['POST', '/drop/failed/unheard-of', 204],
    ['POST', '/drop/content/x', 404],
    ['GET', '/drop/line', 404],
    ['POST', '/dropped', 404],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await fetch(address + path, { method, ...(method === 'PUT' ? { body: 'x' } : {}) })).status).toBe(status)
  })
})
