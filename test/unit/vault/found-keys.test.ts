import { createHash, randomBytes } from 'node:crypto'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealContent } from '../../../electron/envelope/content.ts'
import { contentNameOf } from '../../../electron/envelope/envelope.ts'
import { wrapWithAes } from '../../../electron/envelope/wrap-aes.ts'
import { writeEnvelope } from '../../../electron/envelope/write.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { recordingProxy, type RecordingProxy } from '../../support/proxy.ts'
import { openTestVault, type TestVault } from './kit.ts'

const BUCKET = 'found'
const PLAINTEXT = Buffer.from('written elsewhere')
const watch = { signal: new AbortController().signal }

let cloud: LocalCloud
let proxy: RecordingProxy
let vault: TestVault
let theirs: { id: string; bytes: Buffer }
let sealing: { id: string; bytes: Buffer }

beforeAll(async () => {
  cloud = await startLocalCloud()
  proxy = await recordingProxy(cloud.endpoint)
  vault = await openTestVault(connectionTo(cloud, { s3: proxy.url }), true)
  await vault.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  for (const name of ['one', 'two', 'three']) await vault.keys.create({ name, purpose: 'sse-c' })
  const [bytes, material] = [randomBytes(32), randomBytes(32)]
  theirs = { id: (await vault.keys.import(Buffer.from(bytes), { name: 'theirs', purpose: 'sse-c' })).id, bytes }
  await vault.keys.create({ name: 'zulu', purpose: 'sse-c' })
  sealing = { id: (await vault.keys.import(Buffer.from(material), { name: 'sealing' })).id, bytes: material }
})
afterAll(async () => {
  await vault.end()
  await proxy.close()
  await cloud.stop()
})

/** Methods of the requests about `key` that crossed the proxy since the last call for it. */
const counted = new Map<string, number[]>()
function asked(key: string): string[] {
  const before = counted.get(key) ?? []
  const perConnection = proxy
    .recordings()
    .map(({ sent }) =>
      [...sent.toString('latin1').matchAll(/(GET|HEAD|PUT|POST) \/found\/([^ ?]+)[^ ]* HTTP/g)]
        .filter(([, , name]) => name === key)
        .map(([, method = '']) => method),
    )
  counted.set(
    key,
    perConnection.map(({ length }) => length),
  )
  // What is new on each connection: requests of one operation may go over several.
  return perConnection.flatMap((methods, at) => methods.slice(before[at] ?? 0))
}

test('SSE-C from elsewhere: its key is found by HEAD, and from then on one HEAD is enough', async () => {
  const key = 'sse-c'
  await vault.s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: key,
      Body: PLAINTEXT,
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: theirs.bytes.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(theirs.bytes).digest('base64'),
    }),
  )
  asked(key)
  const wanted = { bucket: BUCKET, key, options: {} }
  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ mode: 'sse-c', keyId: theirs.id })
  const first = asked(key).filter((method) => method === 'HEAD').length
  expect(first).toBeGreaterThan(1)
  expect(first, 'one without a key, then each key at most once').toBeLessThanOrEqual(1 + 5)

  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ mode: 'sse-c', keyId: theirs.id })
  expect(asked(key)).toEqual(['HEAD'])
  expect(await verify(vault, wanted, watch)).toMatchObject({ bytes: PLAINTEXT.length, keyId: theirs.id })
  expect(asked(key).filter((method) => method === 'HEAD').length).toBeLessThanOrEqual(2)
})

test('SSE-C that someone wrote anew under another key: what was remembered does not stand in its way', async () => {
  const key = 'sse-c-again'
  const write = (bytes: Buffer) =>
    vault.s3.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: key,
        Body: PLAINTEXT,
        SSECustomerAlgorithm: 'AES256',
        SSECustomerKey: bytes.toString('base64'),
        SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64'),
      }),
    )
  await write(theirs.bytes)
  const wanted = { bucket: BUCKET, key, options: {} }
  await inspect(vault, wanted, watch.signal)
  const other = randomBytes(32)
  const { id } = await vault.keys.import(Buffer.from(other), { name: 'other', purpose: 'sse-c' })
  await write(other)
  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ keyId: id })
  asked(key)
  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ keyId: id })
  expect(asked(key)).toEqual(['HEAD'])
})

test('CSE-C whose envelope names no key: it is found once, shown from then on, and tried first', async () => {
  const key = 'cse-c'
  const dataKey = randomBytes(32)
  const wrapped = wrapWithAes(dataKey, contentNameOf('v3'), sealing.bytes, {})
  const { content, sealer } = sealContent('v3', dataKey)
  const Body = Buffer.concat([sealer.update(PLAINTEXT), sealer.final()])
  const Metadata = writeEnvelope(content, wrapped)
  await vault.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body, Metadata }))
  const wanted = { bucket: BUCKET, key, options: {} }
  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ mode: 'cse-c', keyId: undefined })
  expect(await verify(vault, wanted, watch)).toMatchObject({ keyId: sealing.id, proof: 'tag' })
  asked(key)
  expect(await inspect(vault, wanted, watch.signal)).toMatchObject({ mode: 'cse-c', keyId: sealing.id })
  expect(asked(key)).toEqual(['HEAD'])

  const tried: string[] = []
  const { keys } = vault
  const watching = {
    ...keys,
    lend: ((id, purpose, use) => (tried.push(id), keys.lend(id, purpose, use))) as typeof keys.lend,
  }
  await verify({ ...vault, keys: watching }, wanted, watch)
  expect(tried).toEqual([sealing.id])
})
