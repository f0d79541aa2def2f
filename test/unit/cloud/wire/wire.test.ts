import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { CreateBucketCommand, GetObjectCommand, GetObjectTaggingCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openClients } from '../../../../electron/cloud/clients.ts'
import type { Clients } from '../../../../electron/cloud/connection.ts'
import {
  getObject,
  getObjectInto,
  headObject,
  putObject,
  uploadPart,
  type Body,
} from '../../../../electron/cloud/wire/wire.ts'
import { base64Crc } from '../../../../electron/transfers/checksum.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../../support/localcloud.ts'
import { tlsFront, type TlsFront } from '../../../support/tls-front.ts'
import { startBehaving, type BehavingServer, type Behaviour } from './behaving.ts'

const { signal } = new AbortController()

function whole(...pieces: Buffer[]): Body {
  return { pieces, length: pieces.reduce((sum, { length }) => sum + length, 0) }
}

describe('This computer verifies what the wire signs', () => {
  const customerKey = {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: Buffer.alloc(32, 7).toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(Buffer.alloc(32, 7)).digest('base64'),
  }
  let cloud: LocalCloud
  let clients: Clients

  beforeAll(async () => {
    cloud = await startLocalCloud()
    clients = openClients(connectionTo(cloud))
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'wire' }))
  })

  afterAll(async () => {
    clients.close()
    await cloud.stop()
  })

  test.for([
    'plain',
    'a folder/and spaces',
    "!'()*&$@=;:+, ?#[]",
    '%41%2F',
    'ümläut/日本/🔐',
    'a//b',
    '../up/./x',
    '~-_.',
  ])('the key %s arrives as it is', async (key) => {
    const { s3 } = clients
    const content = randomBytes(1000)
    await putObject(s3, { Bucket: 'wire', Key: key }, whole(content.subarray(0, 300), content.subarray(300)), signal)
    const bySdk = await s3.send(new GetObjectCommand({ Bucket: 'wire', Key: key }))
    expect(Buffer.from((await bySdk.Body?.transformToByteArray()) ?? [])).toEqual(content)
    const { Body } = await getObject(s3, { Bucket: 'wire', Key: key }, signal)
    expect(await buffer(Body)).toEqual(content)
  })

  test('metadata, tags, headers, checksum and encryption go with it', async () => {
    const { s3 } = clients
    const content = randomBytes(100)
    const input = {
      Bucket: 'wire',
      Key: 'described',
      Metadata: { mtime: '1700000000.5', spaced: ' two  spaces ' },
      Tagging: 'a=b%20c&d=',
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ServerSideEncryption: 'AES256',
      ChecksumAlgorithm: 'CRC32',
      ChecksumCRC32: base64Crc(crc32(content)),
    } as const
    const put = await putObject(s3, input, whole(content), signal)
    expect(put).toMatchObject({
      ServerSideEncryption: 'AES256',
      ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) as string,
    })
    const got = await s3.send(new GetObjectCommand({ Bucket: 'wire', Key: 'described', ChecksumMode: 'ENABLED' }))
    expect(got).toMatchObject({
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ChecksumCRC32: input.ChecksumCRC32,
    })
    expect(got.Metadata).toMatchObject({ mtime: '1700000000.5' })
    await got.Body?.transformToByteArray()
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: 'wire', Key: 'described' }))
    expect(TagSet).toEqual([
      { Key: 'a', Value: 'b c' },
      { Key: 'd', Value: '' },
    ])
  })

  test('a range comes with its place in the whole', async () => {
    const content = randomBytes(5000)
    await putObject(clients.s3, { Bucket: 'wire', Key: 'ranged' }, whole(content), signal)
    const asked = { Bucket: 'wire', Key: 'ranged', Range: 'bytes=1000-1999' }
    const got = await getObject(clients.s3, asked, signal)
    expect(got).toMatchObject({ ContentRange: 'bytes 1000-1999/5000', ContentLength: 1000 })
    expect(await buffer(got.Body)).toEqual(content.subarray(1000, 2000))
  })

  test('an empty object is one', async () => {
    await putObject(clients.s3, { Bucket: 'wire', Key: 'empty' }, whole(), signal)
    expect(await headObject(clients.s3, { Bucket: 'wire', Key: 'empty' }, signal)).toMatchObject({ ContentLength: 0 })
  })

  test('a customer key goes along, and what is under it is told from what is not', async () => {
    const { s3 } = clients
    const sealed = { Bucket: 'wire', Key: 'sse-c', ...customerKey }
    const put = await putObject(s3, sealed, whole(Buffer.from('secret')), signal)
    expect(put.SSECustomerAlgorithm).toBe('AES256')
    await expect(headObject(s3, { Bucket: 'wire', Key: 'sse-c' }, signal)).rejects.toMatchObject({
      code: 'CUSTOMER_KEY_NEEDED',
    })
    expect(await buffer((await getObject(s3, sealed, signal)).Body)).toEqual(Buffer.from('secret'))
  })

  test('a failure has the code, the hint and the facts that it has through the SDK', async () => {
    const { s3 } = clients
    const taken = { Bucket: 'wire', Key: 'taken', IfNoneMatch: '*' }
    await putObject(s3, taken, whole(Buffer.from('1')), signal)
    await expect(putObject(s3, taken, whole(Buffer.from('2')), signal)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      facts: { operation: 'PutObject', status: '412', bucket: 'wire', key: 'taken', attempts: '1' },
    })
    await expect(getObject(s3, { Bucket: 'wire', Key: 'none' }, signal)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      facts: { awsCode: 'NoSuchKey', status: '404', requestId: expect.any(String) as string },
    })
    await expect(headObject(s3, { Bucket: 'nowhere', Key: 'none' }, signal)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    })
    const part = { Bucket: 'wire', Key: 'none', UploadId: 'none', PartNumber: 1 }
    await expect(uploadPart(s3, part, whole(Buffer.from('1')), signal)).rejects.toMatchObject({
      facts: { awsCode: 'NoSuchUpload', operation: 'UploadPart' },
    })
  })

  test('a body that is not what its hash says is refused', async () => {
    const body = { ...whole(Buffer.from('this')), sha256: '0'.repeat(64) }
    await expect(putObject(clients.s3, { Bucket: 'wire', Key: 'lie' }, body, signal)).rejects.toMatchObject({
      code: 'INTEGRITY',
    })
  })
})

describe('a bad server', () => {
  let bad: BehavingServer | undefined
  let clients: Clients
  let seen: IncomingMessage[] = []

  async function behaving(...behaviours: Behaviour[]): Promise<void> {
    bad = await startBehaving(behaviours, 300)
    ;({ clients, seen } = bad)
  }

  afterEach(() => bad?.close())

  const stores: Behaviour = async (request, response) => {
    await buffer(request)
    response.setHeader('ETag', '"1"').end()
  }
  const refuses =
    (status: number, code: string, headers: Record<string, string> = {}): Behaviour =>
    async (request, response) => {
      await buffer(request)
      response
        .writeHead(status, headers)
        .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>&lt;no&gt; &#38; no</Message></Error>`)
    }
  const resets: Behaviour = (request) => void request.socket.resetAndDestroy()
  const silent: Behaviour = () => undefined

  const put = (abort = signal): Promise<{ ETag?: string | undefined }> =>
    putObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, whole(Buffer.from('content')), abort)

  test.for<[string, Behaviour]>([
    ['503 SlowDown', refuses(503, 'SlowDown')],
    ['500 InternalError', refuses(500, 'InternalError')],
    ['429', refuses(429, 'TooManyRequests')],
    ['a reset', resets],
    ['silence', silent],
  ])('%s is tried again until it works', async ([, first]) => {
    await behaving(first, first, stores)
    expect(await put()).toMatchObject({ ETag: '"1"' })
    expect(seen).toHaveLength(3)
  })

  test('after four attempts the last failure is told, and how many there were', async () => {
    await behaving(refuses(503, 'SlowDown'))
    await expect(put()).rejects.toMatchObject({ code: 'THROTTLED', facts: { attempts: '4', awsCode: 'SlowDown' } })
    expect(seen).toHaveLength(4)
  })

  test('a connection that is always reset is a NETWORK failure', async () => {
    await behaving(resets)
    await expect(put()).rejects.toMatchObject({ code: 'NETWORK' })
    expect(seen).toHaveLength(4)
  })

  test('a refusal is not tried again, and repeats no header', async () => {
    await behaving(refuses(403, 'AccessDenied'))
    await expect(put()).rejects.toMatchObject({ code: 'ACCESS_DENIED', facts: { attempts: '1' } })
    expect(seen).toHaveLength(1)
  })

  test('a wrong clock is set by the server, once', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toUTCString()
    await behaving(refuses(403, 'RequestTimeTooSkewed', { Date: ahead }), stores)
    await put()
    expect(seen).toHaveLength(2)
    const signedAt = String(seen[1]?.headers['x-amz-date'])
    const [, year, month, day, hour] = /^(\d{4})(\d\d)(\d\d)T(\d\d)/.exec(signedAt) ?? []
    expect(Date.parse(`${year}-${month}-${day}T${hour}:59:59Z`)).toBeGreaterThanOrEqual(Date.parse(ahead))
  })

  test('an abort ends the request at once, and is CANCELLED', async () => {
    const stop = new AbortController()
    await behaving(() => stop.abort())
    const putting = put(stop.signal)
    await expect(putting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(seen).toHaveLength(1)
  })

  test('an abort ends a wait between attempts', async () => {
    await behaving(refuses(503, 'SlowDown', { 'Retry-After': '5' }))
    const stop = new AbortController()
    const started = performance.now()
    const putting = put(stop.signal)
    setTimeout(() => stop.abort(), 100)
    await expect(putting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  test('a server that refuses before the body has come gets no body, and the next request is served', async () => {
    await behaving(silent)
    const large = randomBytes(4 * 1024 * 1024)
    let received = 0
    bad?.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      request.on('data', (piece: Buffer) => (received += piece.length))
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
    })
    const putting = putObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, whole(large), signal)
    await expect(putting).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(received).toBe(0)
    bad?.server.removeAllListeners('request')
    bad?.server.on('request', (request: IncomingMessage, response: ServerResponse) => void stores(request, response))
    expect(await put()).toMatchObject({ ETag: '"1"' })
  })

  test('an answer that breaks off in its body is an error for whoever reads it', async () => {
    await behaving((_, response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    const { Body } = await getObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, signal)
    await expect(buffer(Body)).rejects.toThrow()
    expect(seen).toHaveLength(1)
  })

  test('a body that stops coming is an error too, and an abort ends it', async () => {
    await behaving((_, response) => void response.writeHead(200, { 'Content-Length': '1000' }).write('half'))
    const stalled = await getObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, signal)
    await expect(buffer(stalled.Body)).rejects.toThrow()
    const stop = new AbortController()
    const stopped = await getObject(clients.s3, { Bucket: 'bucket', Key: 'key' }, stop.signal)
    setTimeout(() => stop.abort(), 20)
    await expect(buffer(stopped.Body)).rejects.toThrow()
  })

  test('a connection is used again', async () => {
    await behaving(stores)
    await put()
    await put()
    expect(seen[1]?.socket.remotePort).toBe(seen[0]?.socket.remotePort)
  })

  test('a field that the wire does not know is not lost in silence', async () => {
    await behaving(stores)
    const input = { Bucket: 'bucket', Key: 'key', BucketKeyEnabled: true, ChecksumSHA1: 'x' }
    await expect(putObject(clients.s3, input, whole(), signal)).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(seen).toHaveLength(0)
  })
})

describe('over TLS', () => {
  let cloud: LocalCloud
  let folder: string
  let front: TlsFront

  beforeAll(async () => {
    cloud = await startLocalCloud()
    folder = await mkdtemp(join(tmpdir(), 'coffer-tls-'))
    front = await tlsFront(cloud.endpoint, folder)
  })

  afterAll(async () => {
    await front.close()
    await cloud.stop()
    await rm(folder, { recursive: true })
  })

  function trusting(caBundle: string | undefined): Clients {
    return openClients({ ...connectionTo(cloud), endpoint: front.url, caBundle })
  }

  test('contents go and come, small and large, on connections that are kept', async () => {
    const clients = trusting(front.caFile)
    const { s3 } = clients
    await s3.send(new CreateBucketCommand({ Bucket: 'secure' }))
    for (const size of [0, 1000, 3_000_000]) {
      const object = { Bucket: 'secure', Key: String(size) }
      const [content, into] = [randomBytes(size), Buffer.alloc(size)]
      await putObject(s3, object, whole(content), signal)
      await getObjectInto(s3, object, { place: () => into, onBytes: () => undefined }, signal)
      expect(into).toEqual(content)
      expect(await buffer((await getObject(s3, object, signal)).Body)).toEqual(content)
    }
    clients.close()
  })

  test('a server that nothing vouches for is sent nothing', async () => {
    const clients = trusting(undefined)
    const put = putObject(clients.s3, { Bucket: 'secure', Key: 'unsent' }, whole(randomBytes(10)), signal)
    await expect(put).rejects.toMatchObject({ code: 'TLS' })
    clients.close()
  })
})
