import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import type { Clients } from '../../../../electron/cloud/connection.ts'
import { putObject, uploadPart, type Body } from '../../../../electron/cloud/wire/wire.ts'
import { startBehaving, type BehavingServer, type Behaviour } from './behaving.ts'

const { signal } = new AbortController()
let server: BehavingServer | undefined
let clients: Clients
let seen: IncomingMessage[] = []

async function behaving(...behaviours: Behaviour[]): Promise<void> {
  server = await startBehaving(behaviours)
  ;({ clients, seen } = server)
}

afterEach(() => server?.close())

function whole(content: Buffer): Body {
  return { pieces: [content], length: content.length }
}

const put = (): Promise<{ ETag?: string | undefined }> =>
  putObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, whole(Buffer.from('content')), signal)

test.for<[string, (socket: Socket) => void]>([
  [
    'in chunks',
    (socket) => socket.write('HTTP/1.1 200 OK\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  ],
  ['that its connection ends', (socket) => socket.end('HTTP/1.0 200 OK\r\nETag: "1"\r\n\r\n')],
  ['without content', (socket) => socket.write('HTTP/1.1 204 No Content\r\nETag: "1"\r\n\r\n')],
  [
    'after a hint',
    (socket) =>
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'),
  ],
])('an answer %s is understood, and nothing is sent twice', async ([, answer]) => {
  await behaving(async (request) => {
    await buffer(request)
    answer(request.socket)
  })
  expect(await put()).toMatchObject({ ETag: '"1"' })
  expect(await put()).toMatchObject({ ETag: '"1"' })
  expect(seen).toHaveLength(2)
})

test('a refusal in chunks is told, and one that is cut off is tried again', async () => {
  const refusal = '<Error><Code>AccessDenied</Code></Error>'
  const head = 'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n'
  await behaving(
    ({ socket }) => void socket.write(`${head}100\r\n${refusal}`, () => socket.resetAndDestroy()),
    ({ socket }) => void socket.write(`${head}${refusal.length.toString(16)}\r\n${refusal}\r\n0\r\n\r\n`),
  )
  await expect(put()).rejects.toMatchObject({ code: 'ACCESS_DENIED', facts: { attempts: '2' } })
  expect(seen).toHaveLength(2)
})

test('an answer that comes before all was sent ends its connection', async () => {
  await behaving((request, response) => {
    if (seen.length > 1) request.resume()
    response.setHeader('ETag', '"1"').end()
  })
  const part = { Bucket: 'bucket', Key: 'key', UploadId: 'id', PartNumber: 1 }
  await uploadPart(clients.s3, part, whole(randomBytes(32 * 1024 * 1024)), signal)
  await put()
  expect(seen[1]?.socket.remotePort).not.toBe(seen[0]?.socket.remotePort)
})
