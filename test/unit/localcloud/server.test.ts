import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { createHash } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { errorCode, send, signHeaders, type WireRequest } from '../../support/signed-fetch.ts'

let cloud: LocalCloud
let s3: S3Client
beforeAll(async () => {
  cloud = await startLocalCloud()
  const { endpoint, region } = cloud
  s3 = new S3Client({ endpoint, region, credentials: cloud, forcePathStyle: true, maxAttempts: 1 })
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
})
afterAll(async () => {
  s3.destroy()
  await cloud.stop()
})

function open(): Socket {
  return connect({ host: '127.0.0.1', port: Number(new URL(cloud.endpoint).port) })
}

/** Sends raw text and reads until the server closes. */
async function raw(text: string): Promise<string> {
  const socket = open()
  let answer = ''
  socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
  socket.write(text)
  await once(socket, 'close')
  return answer
}

function head({ method, path, headers }: WireRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

function putObject(body: string, headers: Record<string, string> = {}): WireRequest {
  return {
    method: 'PUT',
    path: '/bucket/raw',
    headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
    body,
  }
}

async function until(socket: Socket, wanted: RegExp): Promise<string> {
  let text = ''
  for await (const piece of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += piece.toString('latin1')
    if (wanted.test(text)) return text
  }
  throw new Error(`the connection ended with: ${text}`)
}

describe('what is not right HTTP', () => {
  it('gets BadRequest in the words of S3, and a closed connection', async () => {
    const answer = await raw('nonsense\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toMatch(/x-amz-request-id: [0-9A-F]{16}/)
    expect(answer).toContain('<Code>BadRequest</Code>')
    expect(answer).not.toMatch(/node:|\bat .*\.ts/)
  })

  it('with a header section too large gets RequestHeaderSectionTooLarge', async () => {
    const answer = await raw(`GET / HTTP/1.1\r\nHost: x\r\nx-amz-meta-a: ${'a'.repeat(40_000)}\r\n\r\n`)
    expect(answer).toContain('<Code>RequestHeaderSectionTooLarge</Code>')
  })

  it('with two lengths is refused, so that nothing can hide behind one of them', async () => {
    const answer = await raw(
      'PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
    )
    expect(answer).toContain('<Code>BadRequest</Code>')
  })
})

describe('bodies', () => {
  it('go on only after the signature is verified (Expect: 100-continue)', async () => {
    const signed = await signHeaders(cloud, putObject('hello', { expect: '100-continue' }))
    const socket = open()
    socket.write(head(signed))
    expect(await until(socket, /\r\n\r\n/)).toMatch(/^HTTP\/1\.1 100 Continue/)
    socket.write('hello')
    expect(await until(socket, /HTTP\/1\.1 \d+/)).toMatch(/^HTTP\/1\.1 200 OK/)
    socket.destroy()
  })

  it('are not asked for when the signature is wrong', async () => {
    const signed = await signHeaders(cloud, putObject('hello', { expect: '100-continue' }))
    const answer = await raw(head({ ...signed, path: '/bucket/other' }))
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden/)
    expect(answer).toContain('SignatureDoesNotMatch')
    expect(answer).not.toContain('100 Continue')
  })

  it('that are large and refused do not cost the client its answer', async () => {
    const body = 'x'.repeat(20 << 20)
    const signed = await signHeaders(cloud, putObject(body))
    const answer = await send(cloud, { ...signed, path: '/bucket/other' })
    expect([answer.status, errorCode(answer)]).toEqual([403, 'SignatureDoesNotMatch'])
  })

  it('other than the one signed are refused, and nothing of them is kept', async () => {
    const signed = await signHeaders(cloud, putObject('hello'))
    const answer = await send(cloud, { ...signed, body: 'hallo' })
    expect([answer.status, errorCode(answer)]).toEqual([400, 'XAmzContentSHA256Mismatch'])
  })

  it('with a wrong Content-MD5 are BadDigest', async () => {
    const md5 = createHash('md5').update('else').digest('base64')
    const answer = await send(cloud, await signHeaders(cloud, putObject('hello', { 'content-md5': md5 })))
    expect([answer.status, errorCode(answer)]).toEqual([400, 'BadDigest'])
  })

  it('that break off leave the object as it was', async () => {
    await send(cloud, await signHeaders(cloud, putObject('whole')))
    const signed = await signHeaders(cloud, putObject('0123456789'))
    const socket = open()
    socket.write(`${head(signed)}01234`)
    socket.end()
    await once(socket.resume(), 'close')
    const read = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'raw' }))
    expect(await read.Body?.transformToString()).toBe('whole')
  })

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'from the AWS SDK with %s, buffered, come through whole',
    async (ChecksumAlgorithm) => {
      const Body = Buffer.alloc(300_000, 'abc')
      const object = { Bucket: 'bucket', Key: `checked-${ChecksumAlgorithm}` }
      await s3.send(new PutObjectCommand({ ...object, Body, ChecksumAlgorithm }))
      const read = await s3.send(new GetObjectCommand(object))
      expect(Body.equals((await read.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true)
    },
  )

  it('that are streams (aws-chunked with a trailer) come through whole, without their framing', async () => {
    const pieces = Array.from({ length: 50 }, (_, i) => Buffer.alloc(10_000, i))
    const object = { Bucket: 'bucket', Key: 'streamed' }
    const Body = Readable.from(pieces)
    await s3.send(new PutObjectCommand({ ...object, Body, ContentLength: 500_000, ContentEncoding: 'gzip' }))
    const read = await s3.send(new GetObjectCommand(object))
    expect(read.ContentEncoding).toBe('gzip')
    expect(Buffer.concat(pieces).equals((await read.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true)
  })
})

describe('answers', () => {
  it('to HEAD carry no body, even when they are errors', async () => {
    const answer = await send(cloud, await signHeaders(cloud, { method: 'HEAD', path: '/bucket/nobody', headers: {} }))
    expect([answer.status, answer.body]).toEqual([404, ''])
  })

  it('to a JSON call that is too large or no JSON say so', async () => {
    const headers = { 'x-amz-target': 'TrentService.ListKeys' }
    const call = async (body: string) =>
      errorCode(
        await send(cloud, await signHeaders(cloud, { method: 'POST', path: '/', headers, body }, { service: 'kms' })),
      )
    expect(await call('{')).toBe('SerializationException')
    expect(await call('[]')).toBe('SerializationException')
    expect(await call('"x"')).toBe('SerializationException')
    expect(await call(JSON.stringify({ Marker: 'x'.repeat(300_000) }))).toBe('RequestEntityTooLargeException')
    expect(await call('{"Limit":"ten"}')).toBe('ValidationException')
  })
})
