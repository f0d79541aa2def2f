import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { get } from '../../../electron/vault/get.ts'
import { put } from '../../../electron/vault/put.ts'
import type { GetResult } from '../../../electron/vault/vault.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { recordingProxy, type RecordingProxy } from '../../support/proxy.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* Objects that a listing has told to be small are looked at and fetched by one request, under all the rules of two. */

const bucket = 'small'
const content = bytes(5_000)
const watch = { signal: new AbortController().signal }
let cloud: LocalCloud
let proxy: RecordingProxy
let vault: TestVault
let keyOf: Record<string, string>
let files = 0

beforeAll(async () => {
  cloud = await startLocalCloud()
  proxy = await recordingProxy(cloud.endpoint)
  vault = await openTestVault(connectionTo(cloud, { s3: proxy.url }), true)
  const kms = (await vault.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  const mine = (await vault.keys.create({ name: 'mine' })).id
  const sent = (await vault.keys.create({ name: 'sent' })).id
  keyOf = { 'sse-kms': kms, 'cse-kms': kms, 'sse-c': sent, 'cse-c': mine }
})

afterAll(async () => {
  await vault.end()
  await proxy.close()
  await cloud.stop()
})

async function store(key: string, mode: ModeId, what = content): Promise<void> {
  const source = { size: what.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(what) }
  await put(vault, { source, bucket, key, mode, options: { key: keyOf[mode] }, overwrite: 'replace' }, watch)
}

async function fetched(key: string, size = 5_016): Promise<{ got: GetResult; file: Buffer }> {
  const path = join(vault.folder, 'down', String(++files))
  const got = await get(vault, { bucket, key, path, size, options: {}, overwrite: 'refuse' }, watch)
  return { got, file: await readFile(path) }
}

/** Reads of one key so far, with what was asked beside it. */
function asked(key: string): string[] {
  const sent = proxy.recordings().map((wire) => wire.sent.toString('latin1'))
  const reads = sent.flatMap((text) => [...text.matchAll(/(?:GET|HEAD) (\/\S*) HTTP\/1\.1\r\n/g)])
  return reads
    .filter(([, path = '']) => path.split('?')[0]?.startsWith(`/${bucket}/${key}`))
    .map(([line]) => line.trim().replace(' HTTP/1.1', ''))
}

describe.each(['sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c'] as const)('%s', (mode) => {
  test('comes back whole, by one request', async () => {
    await store(mode, mode)
    const { got, file } = await fetched(mode)
    expect(file.equals(content)).toBe(true)
    expect(got).toMatchObject({ mode, bytes: content.length })
    expect(got.journey.length).toBeGreaterThan(0)
    expect(asked(mode)).toEqual([`GET /${bucket}/${mode}`])
  })

  test('comes back although it is larger by now than the listing said', async () => {
    const large = bytes(9 * MiB)
    await store(`${mode}-grown`, mode, large)
    const { file } = await fetched(`${mode}-grown`)
    expect(file.equals(large)).toBe(true)
  })
})

test('an SSE-C object whose key nobody remembers is found all the same', async () => {
  await store('forgotten', 'sse-c')
  vault.catalog.forget('test', bucket, 'forgotten')
  expect((await fetched('forgotten')).file.equals(content)).toBe(true)
})

test('one bit less, or the seal taken off, and nothing is at the path', async () => {
  await store('sealed', 'cse-c')
  const { Body, Metadata } = await vault.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'sealed' }))
  const stored = Buffer.from((await Body?.transformToByteArray()) ?? [])
  stored.writeUInt8(stored.readUInt8(7) ^ 1, 7)
  await vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'sealed', Body: stored, Metadata }))
  await expect(fetched('sealed')).rejects.toMatchObject({ code: 'INTEGRITY' })
  await vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'sealed', Body: stored }))
  await expect(fetched('sealed')).rejects.toMatchObject({ code: 'SEAL_MISSING' })
  const left = await readdir(join(vault.folder, 'down'))
  expect(left).not.toContain(String(files))
  expect(left.filter((name) => name.endsWith('.part'))).toEqual([])
})

test('what is not there is said as ever', async () => {
  await expect(fetched('nowhere')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  const path = join(vault.folder, 'down', 'none')
  const request = { bucket: 'no-such-bucket', key: 'k', path, size: 10, options: {}, overwrite: 'refuse' as const }
  await expect(get(vault, request, watch)).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
})
