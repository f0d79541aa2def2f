import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { CreateBucketCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { EncryptCommand } from '@aws-sdk/client-kms'
import { expect, onTestFinished, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import { serverProof } from '../../../electron/base/server-proof.ts'
import { startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'

const OWNER = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: randomBytes(30).toString('base64') }
const PLAINTEXT = 'what nobody else may read'
const KEY = randomBytes(32)

/** Coffer's own clients of This computer at an address. */
function clientsAt(port: number) {
  const clients = openClients({
    endpoint: `http://127.0.0.1:${port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', ...OWNER },
    provenBy: OWNER.secretAccessKey,
  })
  onTestFinished(() => clients.close())
  const secretPut = new PutObjectCommand({
    Bucket: 'bucket',
    Key: 'secret',
    Body: Buffer.from(PLAINTEXT),
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: KEY.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(KEY).digest('base64'),
  })
  return { ...clients, put: () => clients.s3.send(secretPut) }
}

async function owned(): Promise<LocalCloud> {
  const cloud = await startLocalCloud({ owner: OWNER })
  onTestFinished(() => cloud.stop().then(() => undefined))
  return cloud
}

const portOf = (cloud: LocalCloud): number => Number(new URL(cloud.endpoint).port)

/** Somebody else's server, which keeps all that it is sent. */
async function impostor(port: number, serve: (socket: Socket, heard: Buffer[]) => void) {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.on('data', (piece) => heard.push(piece))
    serve(socket, heard)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(heard).toString('latin1') }
}

/** All that may reach a stranger: challenges, and nothing of what was to be sent. */
function expectNothingButChallenges(heard: string): void {
  expect(heard).toMatch(
    /^(?:GET \/\.coffer\/proof HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nx-coffer-challenge: [0-9a-f]{64}\r\n\r\n)+$/,
  )
}

test('the own server proves itself, and both clients work over it', async () => {
  const cloud = await owned()
  const { s3, kms, put } = clientsAt(portOf(cloud))
  await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await Promise.all([put(), put(), put()])
  const failure = kms.send(new EncryptCommand({ KeyId: 'alias/none', Plaintext: Buffer.from(PLAINTEXT) }))
  await expect(failure).rejects.toMatchObject({ name: 'NotFoundException' })
})

test.each<[string, (challenge: string, port: number) => string]>([
  ['answers anything at all', () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['answers with a made-up proof', () => `HTTP/1.1 204 No Content\r\nx-coffer-proof: ${'ab'.repeat(32)}\r\n\r\n`],
  [
    'answers with the proof of another port',
    (challenge, port) => {
      const proof = serverProof(OWNER.secretAccessKey, challenge, port + 1).toString('hex')
      return `HTTP/1.1 204 No Content\r\nx-coffer-proof: ${proof}\r\n\r\n`
    },
  ],
  [
    'answers with the proof of another challenge',
    (_challenge, port) => {
      const proof = serverProof(OWNER.secretAccessKey, '00'.repeat(32), port).toString('hex')
      return `HTTP/1.1 204 No Content\r\nx-coffer-proof: ${proof}\r\n\r\n`
    },
  ],
  ['answers without an end', () => 'HTTP/1.1 204 No Content\r\n' + 'a: b\r\n'.repeat(2000)],
  ['hangs up', () => ''],
])('a stranger that %s is sent nothing but challenges', async (_what, answer) => {
  const stranger = await impostor(0, (socket) =>
    socket.on('data', (piece) => {
      const challenge = /x-coffer-challenge: (\w+)/.exec(piece.toString())?.[1] ?? ''
      const text = answer(challenge, socket.localPort ?? 0)
      if (text === '') socket.destroy()
      else socket.write(text)
    }),
  )
  await expect(clientsAt(stranger.port).put()).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
  expectNothingButChallenges(stranger.heard())
})

test('a stranger that relays everything to the own server is sent nothing but challenges', async () => {
  const cloud = await owned()
  const stranger = await impostor(0, (socket) => {
    const upstream = connect(portOf(cloud), '127.0.0.1').on('error', () => undefined)
    socket.pipe(upstream).pipe(socket)
  })
  await expect(clientsAt(stranger.port).put()).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
  expectNothingButChallenges(stranger.heard())
})

test('a stranger that takes the port over while a client lives is sent nothing but challenges', async () => {
  const cloud = await owned()
  const clients = clientsAt(portOf(cloud))
  await clients.s3.send(new ListBucketsCommand())
  await cloud.stop()
  const stranger = await impostor(portOf(cloud), (socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  )
  await expect(clients.put()).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
  expectNothingButChallenges(stranger.heard())
})

test('an address where nobody is stays a network failure', async () => {
  const cloud = await owned()
  await cloud.stop()
  await expect(clientsAt(portOf(cloud)).put()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
