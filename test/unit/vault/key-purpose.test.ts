import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { get } from '../../../electron/vault/get.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import { rekey } from '../../../electron/vault/rekey.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { recordingProxy, type RecordingProxy } from '../../support/proxy.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* A key that encrypts files here never crosses the wire, and one that does encrypts nothing here. */

const BUCKET = 'purposes'
const watch = { signal: new AbortController().signal }

let cloud: LocalCloud
let proxy: RecordingProxy
let vault: TestVault

beforeAll(async () => {
  cloud = await startLocalCloud()
  proxy = await recordingProxy(cloud.endpoint)
  vault = await openTestVault(connectionTo(cloud, { s3: proxy.url }))
  await vault.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await writeFile(join(vault.folder, 'file'), 'content')
})
afterAll(async () => {
  await vault.end()
  await proxy.close()
  await cloud.stop()
})

const store = async (key: string, mode: ModeId, by: string) =>
  put(
    vault,
    {
      source: await fileSource(join(vault.folder, 'file')),
      bucket: BUCKET,
      key,
      options: { key: by },
      mode,
      overwrite: 'replace',
    },
    watch,
  )

/** Calls any object SSE-C, and asks for the key that `mark` names. */
async function bait(key: string, mark: string): Promise<void> {
  const bytes = randomBytes(32)
  await vault.s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: key,
      Body: 'bait',
      Tagging: `coffer-key=${mark}`,
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: bytes.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(bytes).digest('base64'),
    }),
  )
}

/** A key from outside, so that its bytes are known; and whether they ever crossed the wire. */
async function keyOf(name: string, purpose?: 'cse' | 'sse-c') {
  const bytes = randomBytes(32)
  const { id } = await vault.keys.import(Buffer.from(bytes), { name, ...(purpose && { purpose }) })
  const forms = [bytes, bytes.toString('base64'), bytes.toString('hex')]
  return { id, wasSent: () => proxy.recordings().some(({ sent }) => forms.some((form) => sent.includes(form))) }
}
const purposeOf = async (id: string) => (await vault.keys.find(id)).purpose
const KEY_PURPOSE = { code: 'KEY_PURPOSE' }

test('a key that encrypts here is refused for SSE-C by put, re-key and every read, and is never sent', async () => {
  const key = await keyOf('sealing')
  await store('sealed', 'cse-c', key.id)
  expect(await purposeOf(key.id)).toBe('cse')
  await expect(store('sent', 'sse-c', key.id)).rejects.toMatchObject(KEY_PURPOSE)
  const request = { bucket: BUCKET, key: 'sealed', mode: 'sse-c' as const, from: {}, to: { key: key.id } }
  await expect(rekey(vault, request, watch)).rejects.toMatchObject(KEY_PURPOSE)

  await bait('bait', key.id)
  const wanted = { bucket: BUCKET, key: 'bait' }
  expect(await inspect(vault, { ...wanted, options: {} }, watch.signal)).toMatchObject({ keyId: undefined })
  const named = { ...wanted, options: { key: key.id } }
  await expect(verify(vault, named, watch)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  const file = { ...named, path: join(vault.folder, 'never'), overwrite: 'refuse' as const }
  await expect(get(vault, file, watch)).rejects.toMatchObject({ code: 'KEY_WRONG' })
  expect(await verify(vault, { bucket: BUCKET, key: 'sealed', options: {} }, watch)).toMatchObject({ keyId: key.id })
  expect(key.wasSent()).toBe(false)
})

test('a key from elsewhere is not sent before its purpose is said, named or not', async () => {
  const key = await keyOf('restored')
  await bait('other bait', key.id)
  const wanted = { bucket: BUCKET, key: 'other bait' }
  expect(await inspect(vault, { ...wanted, options: {} }, watch.signal)).toMatchObject({ keyId: undefined })
  await expect(verify(vault, { ...wanted, options: {} }, watch)).rejects.toMatchObject({
    code: 'KEY_NOT_FOUND',
    message: expect.stringContaining('restored') as string,
    hint: expect.stringContaining('coffer key purpose') as string,
  })
  await expect(verify(vault, { ...wanted, options: { key: key.id } }, watch)).rejects.toMatchObject(KEY_PURPOSE)
  await expect(store('sent', 'sse-c', key.id)).rejects.toMatchObject(KEY_PURPOSE)
  expect(key.wasSent()).toBe(false)

  await vault.keys.setPurpose(key.id, 'sse-c')
  await store('sent', 'sse-c', key.id)
  expect(key.wasSent()).toBe(true)
  expect(await verify(vault, { bucket: BUCKET, key: 'sent', options: {} }, watch)).toMatchObject({ keyId: key.id })
})

test('a key without history that opens what was encrypted here is for that from then on', async () => {
  const elsewhere = await openTestVault(connectionTo(cloud))
  try {
    const bytes = randomBytes(32)
    const { id } = await elsewhere.keys.import(Buffer.from(bytes), { name: 'moved' })
    const source = await fileSource(join(vault.folder, 'file'))
    const request = { source, bucket: BUCKET, key: 'moved', options: { key: id }, mode: 'cse-c' as const }
    await put(elsewhere, { ...request, overwrite: 'replace' }, watch)
    await vault.keys.import(bytes, { name: 'moved' })
    expect(await purposeOf(id)).toBe('unknown')
    expect(await verify(vault, { bucket: BUCKET, key: 'moved', options: {} }, watch)).toMatchObject({ keyId: id })
    expect(await purposeOf(id)).toBe('cse')
  } finally {
    await elsewhere.end()
  }
})

test('a key that servers know encrypts nothing here, and opens only what the person says was encrypted with it', async () => {
  const key = await vault.keys.create({ name: 'known to servers' })
  await store('by server', 'sse-c', key.id)
  await expect(store('here', 'cse-c', key.id)).rejects.toMatchObject(KEY_PURPOSE)
  const request = { bucket: BUCKET, key: 'by server', mode: 'cse-c' as const, from: {}, to: { key: key.id } }
  await expect(rekey(vault, request, watch)).rejects.toMatchObject(KEY_PURPOSE)

  const forger = await openTestVault(connectionTo(cloud))
  try {
    const { bytes } = await vault.keys.export(key.id)
    await forger.keys.import(bytes, { name: 'known to servers' })
    const source = await fileSource(join(vault.folder, 'file'))
    const forged = { source, bucket: BUCKET, key: 'forged', options: { key: key.id }, mode: 'cse-c' as const }
    await put(forger, { ...forged, overwrite: 'replace' }, watch)
  } finally {
    await forger.end()
  }
  const wanted = { bucket: BUCKET, key: 'forged' }
  await expect(verify(vault, { ...wanted, options: {} }, watch)).rejects.toMatchObject(KEY_PURPOSE)
  expect(await verify(vault, { ...wanted, options: { key: key.id } }, watch)).toMatchObject({ mode: 'cse-c' })
  expect(await purposeOf(key.id)).toBe('sse-c')
})
