import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { send } from '../../../electron/cloud/send.ts'
import { decrypt } from '../../../electron/cloud/wire/kms.ts'
import { putObject } from '../../../electron/cloud/wire/wire.ts'

/* A profile takes on a role: STS is asked for its credentials, and refuses, or something else answers in its place. */

const { signal } = new AbortController()
let folder: string
let server: Server
let clients: Clients
let answer: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-sts-'))
  server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.end(answer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const config = `[profile role]
role_arn = arn:aws:iam::111122223333:role/reader
source_profile = keys
region = us-east-1
[profile keys]
aws_access_key_id = AKIA
aws_secret_access_key = secret
`
  await writeFile(join(folder, 'config'), config)
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'none'))
  vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  clients = openClients({
    endpoint: 'http://127.0.0.1:1',
    kmsEndpoint: 'http://127.0.0.1:1',
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'profile', profile: 'role' },
    patience: 1_000,
  })
})
afterEach(async () => {
  clients.close()
  server.close()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const said = (status: string, body: string, type = 'text/xml') =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
const refused = (status: string, code: string, message: string) =>
  said(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  )

const DENIED =
  'User: arn:aws:iam::1:user/u is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/r'

test.for([
  [refused('403 Forbidden', 'AccessDenied', DENIED), 'ACCESS_DENIED', /sign-in service refused.*AccessDenied/],
  [refused('403 Forbidden', 'ExpiredToken', 'It has expired'), 'CREDENTIALS_EXPIRED', /have expired/],
  [refused('403 Forbidden', 'InvalidClientTokenId', 'It is invalid'), 'BAD_CREDENTIALS', /does not know/],
  [refused('403 Forbidden', 'SignatureDoesNotMatch', 'Signature expired: 1 is now earlier'), 'CLOCK_SKEW', /clock/],
  [refused('400 Bad Request', 'ValidationError', 'roleArn is odd'), 'BAD_CREDENTIALS', /roleArn is odd/],
  [said('200 OK', '<html><title>Hotel</title></html>', 'text/html'), 'NOT_S3', /STS or IAM Identity Center.*Hotel/],
  ['SSH-2.0-OpenSSH_9.9\r\n', 'NOT_S3', /STS or IAM Identity Center/],
] as const)('STS: %j', async ([bytes, code, message]) => {
  answer = bytes
  const calls = [
    send(clients.s3, new HeadObjectCommand({ Bucket: 'b', Key: 'k' }), signal),
    putObject(clients.s3, { Bucket: 'b', Key: 'k' }, { pieces: [Buffer.from('x')], length: 1 }, signal),
    decrypt(clients.kms, { CiphertextBlob: Buffer.from('x') }, signal),
  ]
  for (const failure of await Promise.allSettled(calls)) {
    const reason: unknown = failure.status === 'rejected' ? failure.reason : null
    expect(reason).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(JSON.stringify(reason)).not.toMatch(/s3:|"secret"/)
  }
})
