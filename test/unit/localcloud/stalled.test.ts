import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchUploads } from '../../../electron/localcloud/stalled.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** A server that takes uploads and watches them, and an upload under way. */
async function upload(reads: boolean) {
  const uploads = watchUploads()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sender = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
  sender.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n')
  const [request] = (await once(server, 'request')) as [IncomingMessage]
  request.on('error', () => undefined)
  uploads.watch(request)
  if (reads) request.resume()
  return {
    request,
    send: async (bytes: number) => {
      const before = request.socket.bytesRead
      sender.write(Buffer.alloc(bytes))
      await expect.poll(() => request.socket.bytesRead).toBeGreaterThanOrEqual(before + bytes)
    },
    end: () => {
      uploads.stop()
      sender.destroy()
      server.close()
    },
  }
}

const MINUTE = 60_000

it('an upload that drips is ended after a minute', async () => {
  const { request, send, end } = await upload(true)
  await send(10)
  vi.advanceTimersByTime(MINUTE / 2)
  await send(10)
  expect(request.socket.destroyed).toBe(false)
  vi.advanceTimersByTime(MINUTE / 2)
  expect(request.socket.destroyed).toBe(true)
  end()
})

it('an upload that goes on, however slowly, is not', async () => {
  const { request, send, end } = await upload(true)
  for (let i = 0; i < 10; i++) {
    await send(2000)
    vi.advanceTimersByTime(MINUTE / 2)
  }
  expect(request.socket.destroyed).toBe(false)
  end()
})

it('an upload whose data wait here for us is not', async () => {
  const { request, send, end } = await upload(false)
  await send(2000)
  vi.advanceTimersByTime(10 * MINUTE)
  expect(request.socket.destroyed).toBe(false)
  end()
})
