import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
} from '@aws-sdk/client-s3'
import { ListAliasesCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { CofferError } from '../../../electron/base/errors.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { describeFailure } from '../../../electron/cloud/failure.ts'
import { listObjects } from '../../../electron/cloud/list-objects.ts'
import { send } from '../../../electron/cloud/send.ts'
import { decrypt } from '../../../electron/cloud/wire/kms.ts'
import { getObject, getObjectInto, headObject, putObject } from '../../../electron/cloud/wire/wire.ts'

/* What third parties answer in the place of S3 and KMS, on each way that requests take. */

const { signal } = new AbortController()
const at = { Bucket: 'box', Key: 'f' }
let server: Server | undefined
let clients: Clients

/** Each connection gets these bytes for each request; `secure`: the endpoint says https. */
async function answering(bytes: string | ((socket: Socket) => void), { secure = false, patience = 20_000 } = {}) {
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => (typeof bytes === 'string' ? socket.write(bytes) : bytes(socket)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  clients = openClients({
    endpoint: `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    patience,
  })
}
afterEach(() => {
  clients.close()
  server?.close()
})

/** Every way that a request goes: the SDK's, node:http's, the raw one with and without a body, and that of KMS. */
const WAYS: [string, () => Promise<unknown>][] = [
  ['ListBuckets', () => send(clients.s3, new ListBucketsCommand({}), signal)],
  ['ListObjectsV2', () => listObjects(clients.s3, { bucket: 'box', prefix: '', recursive: true }, signal)],
  ['GetBucketVersioning', () => send(clients.s3, new GetBucketVersioningCommand({ Bucket: 'box' }), signal)],
  ['GetObject', async () => buffer((await getObject(clients.s3, at, signal)).Body)],
  [
    'GetObject into memory',
    () => getObjectInto(clients.s3, at, { place: () => Buffer.alloc(64), onBytes: () => undefined }, signal),
  ],
  ['PutObject', () => putObject(clients.s3, at, { pieces: [Buffer.from('x')], length: 1 }, signal)],
  ['ListKeys', () => send(clients.kms, new ListKeysCommand({}), signal)],
  ['Decrypt', () => decrypt(clients.kms, { CiphertextBlob: Buffer.from('x') }, signal)],
]
const S3_WAYS = WAYS.slice(0, 6)

async function failure(asking: Promise<unknown>): Promise<CofferError> {
  return asking.then(
    (given) => expect.fail(`it did not fail: ${JSON.stringify(given)}`),
    // What breaks while a body comes is in the runtime's words, for whoever reads it to describe.
    (error: unknown) => describeFailure(error, { service: 'S3', operation: 'GetObject', input: {} }),
  )
}

const page = (status: string, text = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>') =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${text.length}\r\n\r\n${text}`
const said = (status: string, body: string, ...headers: string[]) =>
  [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n')

/** A byte each 20 ms after the first of it. */
const trickling = (first: string, rest: string) => (socket: Socket) => {
  let sent = 0
  socket.write(first)
  const timer = setInterval(() => socket.write(rest[sent++ % rest.length] ?? ''), 20)
  socket.once('close', () => clearInterval(timer))
  onTestFinished(() => void socket.destroy())
}

describe.each(WAYS)('%s', (_, ask) => {
  test.for([
    ['speaks another protocol', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['is garbage', '\x00\x01garbage\r\n\r\nmore of it'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy'],
    ['has a head without end', `HTTP/1.1 200 OK\r\nETag: "e"\r\nX: ${'x'.repeat(200_000)}`],
    ['is a page of HTML that says 200', page('200 OK')],
    ['is a page of HTML that says 403', page('403 Forbidden')],
    ['is a page of HTML that says 404', page('404 Not Found')],
    ['is other JSON', said('404 Not Found', '{"error":"no route"}')],
    ['sends to a sign-in page', said('302 Found', '', 'Location: https://login.example/?token=secret')],
  ] as const)('an answer that %s is not S3, and no bug', async ([, bytes]) => {
    await answering(bytes)
    const wrong = await failure(ask())
    expect(wrong).toMatchObject({ code: 'NOT_S3' })
    expect(`${wrong.message} ${wrong.hint}`).toMatch(/What answers (?:at this address )?is not (?:S3|KMS).*endpoint/)
    expect(JSON.stringify([wrong.message, wrong.facts])).not.toContain('secret')
  })

  test.for([
    ['head', '', `HTTP/1.1 200 OK\r\nContent-Type: ${'x'.repeat(4_000)}`],
    ['body', said('200 OK', '', 'ETag: "e"').replace('Length: 0', 'Length: 64'), ' '.repeat(64)],
  ] as const)('an answer whose %s trickles ends', async ([, first, rest]) => {
    await answering(trickling(first, rest), { patience: 600 })
    expect(await failure(ask())).toMatchObject({ code: 'NETWORK', facts: { networkCode: 'ETOOSLOW' } })
  })

  test('TLS at a port that is asked in plain, and plain HTTP at one that is asked in TLS: one cause each', async () => {
    await answering('\x15\x03\x01\x00\x02\x02\x46')
    expect(await failure(ask())).toMatchObject({ code: 'TLS', hint: 'Use https:// for this endpoint.' })
    clients.close()
    await answering(said('400 Bad Request', 'Client sent an HTTP request to an HTTPS server.\n'))
    expect(await failure(ask())).toMatchObject({ code: 'TLS', hint: 'Use https:// for this endpoint.' })
    clients.close()
    await answering(said('400 Bad Request', ''), { secure: true })
    expect(await failure(ask())).toMatchObject({ code: 'TLS', hint: 'Use http:// for this endpoint.' })
  })
})

describe.each(S3_WAYS)('%s', (_, ask) => {
  test('a page of HTML that says 502 is a failure of a proxy, and its title is told', async () => {
    await answering(page('502 Bad Gateway', '<html><head><title>502 Bad Gateway</title></head></html>'))
    const failed = await failure(ask())
    expect(failed).toMatchObject({ code: 'SERVER' })
    expect(failed.message).toContain('502 Bad Gateway')
  })
})

test('a list without a document is no empty one, and an error that says 200 is one', async () => {
  const list = () => listObjects(clients.s3, { bucket: 'box', prefix: '', recursive: true }, signal)
  await answering(said('200 OK', ''))
  expect(await failure(list())).toMatchObject({ code: 'NOT_S3' })
  clients.close()
  await answering(said('200 OK', '<?xml version="1.0"?><rss version="2.0"><channel/></rss>'))
  expect(await failure(list())).toMatchObject({ code: 'NOT_S3' })
  clients.close()
  await answering(said('200 OK', '<Error><Code>AccessDenied</Code><Message>Not for you</Message></Error>\n'))
  expect((await failure(list())).facts).toMatchObject({ awsCode: 'AccessDenied', serverMessage: 'Not for you' })
})

test('other JSON is no empty list of KMS, and no success of a request that S3 answers with nothing', async () => {
  await answering(said('200 OK', '{"ok":true}'))
  const asking = [
    send(clients.kms, new ListKeysCommand({}), signal),
    send(clients.kms, new ListAliasesCommand({}), signal),
    send(clients.s3, new DeleteObjectCommand(at), signal),
    send(clients.s3, new CreateBucketCommand({ Bucket: 'box' }), signal),
  ]
  for (const failed of await Promise.all(asking.map(failure))) expect(failed).toMatchObject({ code: 'NOT_S3' })
})

test('a server that answers for a sub-resource with a list of the bucket does not offer it', async () => {
  await answering(said('200 OK', '<ListBucketResult><Name>box</Name></ListBucketResult>'))
  const asking = send(clients.s3, new GetBucketVersioningCommand({ Bucket: 'box' }), signal)
  expect(await failure(asking)).toMatchObject({ code: 'UNSUPPORTED' })
})

test('HEAD that says 200 and names no ETag is not S3', async () => {
  await answering(page('200 OK').replace(/<.*/s, ''))
  expect(await failure(headObject(clients.s3, at, signal))).toMatchObject({ code: 'NOT_S3' })
})

test('a bucket of S3 in another region is no other server', async () => {
  await answering(said('301 Moved Permanently', '', 'x-amz-bucket-region: eu-west-1', 'Location: https://x.example/'))
  expect(await failure(send(clients.s3, new HeadBucketCommand({ Bucket: 'box' }), signal))).toMatchObject({
    code: 'WRONG_REGION',
    facts: { region: 'eu-west-1' },
  })
})

test('an S3 without KMS says so', async () => {
  await answering(said('405 Method Not Allowed', '<Error><Code>MethodNotAllowed</Code><Message>No.</Message></Error>'))
  for (const [, ask] of WAYS.slice(6)) {
    expect(await failure(ask())).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(/KMS/) as string })
  }
})

test('white space while an upload is completed is no trickle', async () => {
  const done = '<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>'
  await answering(
    (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${40 + done.length}\r\n\r\n`)
      let sent = 0
      const timer = setInterval(() => {
        if (sent++ < 40) return void socket.write(' ')
        clearInterval(timer)
        socket.write(done)
      }, 40)
      socket.once('close', () => clearInterval(timer))
    },
    { patience: 600 },
  )
  const complete = new CompleteMultipartUploadCommand({ ...at, UploadId: 'u' })
  expect(await send(clients.s3, complete, signal)).toMatchObject({ ETag: '"e-1"' })
})
