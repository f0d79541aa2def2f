import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import { chunksOf } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/*
 * HEAD's answers have no body: a bare 400 is an object under SSE-C, an expired token, a wrong clock, a request that timed
 * out, or Ceph without TLS. Each of these servers answers HEAD so, and gives its reason in the body of a GET alone.
 */

type Answer = [status: number, code: string, message: string]

const SSE_C: Answer = [
  400,
  'InvalidRequest',
  'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
]
const KEY_HEADER = 'x-amz-server-side-encryption-customer-key'

let server: Server
let vault: TestVault
let requests: IncomingMessage[]
/** Answers GET; HEAD gets the same without a body. */
let answer: (request: IncomingMessage) => Answer | null
const { signal } = new AbortController()
const wanted = { bucket: 'box', key: 'f', options: {} }

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => respond(request, response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  vault = await openTestVault({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  })
  for (const name of ['one', 'two', 'three']) await vault.keys.create({ name, purpose: 'sse-c' })
})
beforeEach(() => {
  requests = []
  vault.catalog.forget('test', 'box', 'f')
})
afterAll(async () => {
  await vault.end()
  server.closeAllConnections()
  server.close()
})

function respond(request: IncomingMessage, response: ServerResponse): void {
  const given = answer(request)
  if (given === null) {
    response.writeHead(request.headers.range === undefined ? 200 : 206, { etag: '"e"', 'content-length': '1' })
    response.end(request.method === 'HEAD' ? undefined : 'x')
    return
  }
  const [status, code, message] = given
  response.writeHead(status, { date: new Date().toUTCString(), 'x-amz-request-id': 'R1' })
  response.end(
    request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  )
}

const keysSent = (): string[] => requests.flatMap(({ headers }) => [headers[KEY_HEADER] ?? []].flat())

describe('HEAD is refused, and GET gives the reason: it is shown, and no key is sent', () => {
  test.for([
    [[400, 'ExpiredToken', 'The provided token has expired.'], 'CREDENTIALS_EXPIRED'],
    [[403, 'RequestTimeTooSkewed', 'The difference is too large.'], 'CLOCK_SKEW'],
    [[400, 'RequestTimeTooSkewed', 'The difference is too large.'], 'CLOCK_SKEW'],
    [[403, 'InvalidAccessKeyId', 'It does not exist in our records.'], 'BAD_CREDENTIALS'],
    [[400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'], 'BAD_CREDENTIALS'],
    [[400, 'InvalidRequest', ''], 'INVALID_INPUT'],
    [[403, 'AccessDenied', 'Cannot download file, download bandwidth cap exceeded.'], 'ACCESS_DENIED'],
    [[402, 'PaymentRequired', 'The bill is overdue.'], 'INVALID_INPUT'],
    [[409, 'InvalidBucketState', 'The bucket is being moved.'], 'INVALID_INPUT'],
    [[507, 'NoSpace', 'The array is full.'], 'DISK_FULL'],
    [[400, 'InvalidRequest', 'Your socket connection to the server was idle.'], 'INVALID_INPUT'],
  ] as const)('%j: %s', async ([refusal, code]) => {
    answer = () => [...refusal]
    const failure = await inspect(vault, wanted, signal).catch((error: unknown) => error)
    const [status, serverCode, message] = refusal
    const facts = { status: String(status), awsCode: serverCode, ...(message === '' ? {} : { serverMessage: message }) }
    expect(failure).toMatchObject({ code, facts })
    expect(keysSent()).toEqual([])
  })

  test('RequestTimeout is a failure of the network, asked again and then told', async () => {
    answer = () => [400, 'RequestTimeout', 'Your socket connection to the server was not read from.']
    await expect(inspect(vault, wanted, signal)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(keysSent()).toEqual([])
  })
})

test('HEAD is refused and GET is not: nothing is made of it, and no key is sent', async () => {
  answer = ({ method }) => (method === 'HEAD' ? [400, '', ''] : null)
  const failure = await inspect(vault, wanted, signal).catch((error: unknown) => error)
  expect(failure).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'The server refused HeadObject of s3://box/f (400) and gave no reason.',
  })
  expect(keysSent()).toEqual([])
})

test.for([
  SSE_C,
  [
    400,
    'InvalidArgument',
    'Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.',
  ] satisfies Answer,
])('a server that asks for the key in words is given each, once: %j', async (asking) => {
  answer = ({ headers }) => (headers[KEY_HEADER] === undefined ? asking : [403, 'AccessDenied', 'Access Denied'])
  const found = await inspect(vault, wanted, signal)
  expect(found).toMatchObject({ mode: 'sse-c', keyId: undefined, bytes: undefined })
  expect(new Set(keysSent()).size).toBe(3)
})

test('a refusal that is not about the key ends the search: the other keys are not sent', async () => {
  answer = ({ headers }) =>
    headers[KEY_HEADER] === undefined ? SSE_C : [400, 'ExpiredToken', 'The provided token has expired.']
  await expect(inspect(vault, wanted, signal)).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' })
  expect(new Set(keysSent()).size).toBe(1)
})

describe('put', () => {
  const source = { size: 3, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(Buffer.from('new')) }
  const request = { source, bucket: 'box', key: 'f', mode: 'sse-s3', options: {}, overwrite: 'refuse' } as const

  test('an expired token is no object that exists already', async () => {
    answer = () => [400, 'ExpiredToken', 'The provided token has expired.']
    await expect(put(vault, request, { signal })).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED' })
  })

  test('an object under SSE-C is one that exists already', async () => {
    answer = () => SSE_C
    await expect(put(vault, request, { signal })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })
})
