import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectionOf } from '../../../electron/cloud/choice.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import { endpointOf } from '../../../electron/cloud/endpoint.ts'
import { send } from '../../../electron/cloud/send.ts'
import { headObject, putObject } from '../../../electron/cloud/wire/wire.ts'

const { signal } = new AbortController()

describe('an endpoint is taken', () => {
  test.for([
    ['https://s3.example.com', 'https://s3.example.com'],
    ['https://s3.example.com/', 'https://s3.example.com'],
    [' http://127.0.0.1:9000// \n', 'http://127.0.0.1:9000'],
    ['HTTPS://S3.Example.COM:443/', 'https://s3.example.com'],
    ['https://nas.local/storage/v1/s3/', 'https://nas.local/storage/v1/s3'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
    ['https://s3.us-east-1.amazonaws.com', 'https://s3.us-east-1.amazonaws.com'],
    ['https://s3.dualstack.eu-west-1.amazonaws.com', 'https://s3.dualstack.eu-west-1.amazonaws.com'],
    [
      'https://bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com',
      'https://bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com',
    ],
  ] as const)('%j', ([given, expected]) => {
    expect(endpointOf(given)).toBe(expected)
  })
})

describe('what is wrong with an endpoint is told, and what may be meant', () => {
  test.for([
    ['s3.example.com', 'https://s3.example.com'],
    ['s3.example.com:9000/', 'https://s3.example.com:9000'],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['localhost:9000', 'http://localhost:9000'],
    ['minio', 'http://minio'],
    ['[::1]:9000', 'http://[::1]:9000'],
    ['http//nas:9000', 'http://nas:9000'],
    ['https:/s3.example.com', 'https://s3.example.com'],
    ['https:s3.example.com', 'https://s3.example.com'],
    ['https://photos.s3.eu-west-1.amazonaws.com', 'https://s3.eu-west-1.amazonaws.com'],
    ['https://my.photos.s3.amazonaws.com/', 'https://s3.amazonaws.com'],
    ['s3://photos', 'https://s3.example.com'],
    ['ftp://s3.example.com', 'https://s3.example.com'],
    ['https://', 'https://s3.example.com'],
    ['', 'https://s3.example.com'],
    ['what is this', 'https://s3.example.com'],
    ['https://s3.example.com/?prefix=a', 'address of the server'],
    ['https://s3.example.com/#a', 'address of the server'],
    ['https://ann:secret@s3.example.com', 'the keys by a profile'],
    ['ann:secret@s3.example.com', 'https://s3.example.com'],
  ] as const)('%j', ([given, meant]) => {
    try {
      endpointOf(given)
      expect.fail('it was taken')
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringContaining(meant) as string })
      expect(JSON.stringify([(error as Error).message, (error as { hint: string }).hint])).not.toMatch(
        /secret|Invalid URL/,
      )
    }
  })

  test('wherever it comes from', async () => {
    await expect(connectionOf({ endpoint: 'localhost:9000' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(connectionOf({ kmsEndpoint: 'localhost:9000' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await connectionOf({ endpoint: 'http://localhost:9000/' })).toMatchObject({
      endpoint: 'http://localhost:9000',
    })
  })
})

/** A server whose buckets are below a path; it answers 404 to everything else but PUT. */
async function serving(base: string) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    seen.push(`${request.method} ${path}`)
    const isThere = path === `${base}/box/` || request.method === 'PUT'
    response.writeHead(isThere ? 200 : 404, { etag: '"e"' })
    response.end(isThere ? '' : '<Error><Code>NoSuchKey</Code></Error>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clientAt = (path: string) => {
    const clients = openClients({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
      kmsEndpoint: undefined,
      region: 'us-east-1',
      pathStyle: true,
      caBundle: undefined,
      checksums: 'when-required',
      credentials: { kind: 'keys', accessKeyId: 'a', secretAccessKey: 'b' },
    })
    onTestFinished(() => clients.close())
    return clients.s3
  }
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { clientAt, seen }
}

describe('an endpoint that ends with the name of the bucket', () => {
  const body = { pieces: [Buffer.from('x')], length: 1 }

  test('is told before anything is written below it', async () => {
    const { clientAt, seen } = await serving('')
    const s3 = clientAt('/box')
    const told = { code: 'INVALID_INPUT', hint: expect.stringMatching(/alone: http:\/\/127\.0\.0\.1:\d+$/) as string }
    await expect(putObject(s3, { Bucket: 'box', Key: 'f' }, body, signal)).rejects.toMatchObject(told)
    await expect(send(s3, new ListObjectsV2Command({ Bucket: 'box' }), signal)).rejects.toMatchObject(told)
    expect(seen).toEqual(['HEAD /box/box/'])
  })

  test('is one whose server stands below a path of that name, if the bucket is there', async () => {
    const { clientAt, seen } = await serving('/box')
    const s3 = clientAt('/box')
    await putObject(s3, { Bucket: 'box', Key: 'f' }, body, signal)
    await putObject(s3, { Bucket: 'box', Key: 'f' }, body, signal)
    expect(seen).toEqual(['HEAD /box/box/', 'PUT /box/box/f', 'PUT /box/box/f'])
  })
})

test('an endpoint that begins with the name of the bucket is told where the request fails', async () => {
  const server = createServer((_, response) => response.writeHead(403).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const clients = openClients({
    endpoint: `http://box.localhost:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'a', secretAccessKey: 'b' },
  })
  onTestFinished(() => clients.close())
  const asking = headObject(clients.s3, { Bucket: 'box', Key: 'f' }, signal)
  await expect(asking).rejects.toMatchObject({
    hint: expect.stringMatching(/begins with.*http:\/\/localhost:\d+$/) as string,
  })
})
