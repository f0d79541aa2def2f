import { readFile, readdir, stat, utimes, writeFile, chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MODE_IDS, type ModeId } from '../../../electron/base/mode-names.ts'
import { get } from '../../../electron/vault/get.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { listFolder } from '../../../electron/vault/list.ts'
import { put } from '../../../electron/vault/put.ts'
import { remove } from '../../../electron/vault/remove.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import type { ListEntry } from '../../../electron/vault/vault.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { BELIEVED, startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'
import { bytes, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const watch = { signal: new AbortController().signal }
const bucket = 'vault'
const keyFor: Partial<Record<ModeId, string>> = {}
let moto: ForeignServer
let vault: TestVault

beforeAll(async () => {
  moto = await startMoto()
  vault = await openTestVault(moto.connection, false, BELIEVED)
  await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  for (const mode of ['sse-c', 'cse-c'] as const) keyFor[mode] = (await vault.keys.create({ name: mode })).id
  const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
  keyFor['sse-kms'] = keyFor['cse-kms'] = KeyMetadata?.Arn ?? ''
})

afterAll(async () => {
  await vault.end()
  await moto.stop()
})

async function putBytes(key: string, content: Buffer, mode: ModeId, overwrite: 'refuse' | 'replace' = 'refuse') {
  const path = join(vault.folder, 'in')
  await writeFile(path, content)
  const source = await fileSource(path)
  return put(vault, { source, bucket, key, mode, options: { key: keyFor[mode] }, overwrite }, watch)
}

function getFile(key: string, name: string, options = {}) {
  const path = join(vault.folder, name)
  return get(vault, { bucket, key, path, options, overwrite: 'refuse' }, watch)
}

/** Moto takes the headers of SSE-C and keeps plaintext. */
const HONEST_MODES = MODE_IDS.filter((mode) => mode !== 'sse-c')

describe.for(HONEST_MODES)('%s', (mode) => {
  test.for([0, 1, 65_536, 8 * MiB - 16, 8 * MiB - 15, 20 * MiB + 7])('%i bytes go in and come back', async (size) => {
    const content = bytes(size)
    const key = `${mode}/${size}`
    const stored = await putBytes(key, content, mode)
    expect(stored).toMatchObject({ bucket, key, mode, bytes: size })
    expect(stored.keyId).toBe(keyFor[mode])
    expect(stored.journey.length).toBeGreaterThan(0)
    const fetched = await getFile(key, `out-${mode}-${size}`)
    expect(fetched).toMatchObject({ mode, bytes: size, keyId: keyFor[mode] })
    expect((await readFile(fetched.path)).equals(content)).toBe(true)
    const proof = await verify(vault, { bucket, key, options: {} }, watch)
    expect(proof).toMatchObject({ mode, bytes: size, proof: mode.startsWith('cse') ? 'tag' : 'checksum' })
    const inspection = await inspect(vault, { bucket, key, options: {} }, watch.signal)
    expect(inspection).toMatchObject({ mode, bytes: size, keyId: keyFor[mode] })
  })

  test('a taken key is refused, and replaced with consent', async () => {
    await putBytes(`${mode}/taken`, Buffer.from('one'), mode)
    await expect(putBytes(`${mode}/taken`, Buffer.from('two'), mode)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await putBytes(`${mode}/taken`, Buffer.from('two'), mode, 'replace')
    const { path } = await getFile(`${mode}/taken`, `taken-${mode}`)
    expect(await readFile(path, 'utf8')).toBe('two')
  })
})

test.for([100, 8 * MiB + 1])('sse-c: %i bytes that moto keeps in the clear do not stay', async (size) => {
  const key = `sse-c/${size}`
  await expect(putBytes(key, bytes(size), 'sse-c')).rejects.toMatchObject({
    code: 'NOT_ENCRYPTED',
    message: expect.stringContaining('It was removed again') as string,
  })
  await expect(vault.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))).rejects.toThrow()
})

test('date and permissions come back with the file', async () => {
  const path = join(vault.folder, 'dated')
  await writeFile(path, 'x')
  await chmod(path, 0o750)
  await utimes(path, 1_234_567_890.5, 1_234_567_890.5)
  const request = {
    source: await fileSource(path),
    bucket,
    key: 'dated',
    mode: 'sse-s3',
    options: {},
    overwrite: 'refuse',
  } as const
  await put(vault, request, watch)
  const { Metadata } = await vault.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'dated' }))
  expect(Metadata).toMatchObject({ mtime: '1234567890.500000000', mode: '100750' })
  const back = await stat((await getFile('dated', 'dated-back')).path)
  expect(back.mtimeMs).toBe(1_234_567_890_500)
  expect(back.mode & 0o777).toBe(0o750)
})

test('an object that carries no encryption of ours comes back as it is', async () => {
  await vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'foreign', Body: 'as it is' }))
  const { path } = await getFile('foreign', 'foreign')
  expect(await readFile(path, 'utf8')).toBe('as it is')
})

describe('what was tampered with leaves no file', () => {
  async function tamper(key: string, change: (body: Buffer) => Buffer, metadata = (m: Record<string, string>) => m) {
    const { Body, Metadata = {} } = await vault.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const body = Buffer.from((await Body?.transformToByteArray()) ?? [])
    await vault.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: change(body), Metadata: metadata(Metadata) }),
    )
  }

  test.for([
    ['a byte of the body', (body: Buffer) => body.fill((body[100] ?? 0) ^ 1, 100, 101), 'INTEGRITY'],
    ['a byte of the tag', (body: Buffer) => body.fill((body.at(-1) ?? 0) ^ 1, body.length - 1), 'INTEGRITY'],
    ['the end is missing', (body: Buffer) => body.subarray(0, body.length - 1), 'INTEGRITY'],
    ['all is missing', (body: Buffer) => body.subarray(0, 15), 'TRUNCATED'],
  ] as const)('%s', async ([what, change, code]) => {
    const key = `tampered/${what}`
    await putBytes(key, bytes(1_000), 'cse-c')
    await tamper(key, change)
    const name = `tampered-${code}-${what.length}`
    await expect(getFile(key, name)).rejects.toMatchObject({ code })
    const left = await readdir(vault.folder)
    expect(left.filter((file) => file === name || file.endsWith('.part'))).toEqual([])
  })

  test('the commitment', async () => {
    await putBytes('tampered/commitment', bytes(100), 'cse-c')
    await tamper(
      'tampered/commitment',
      (body) => body,
      (metadata) => ({ ...metadata, 'x-amz-d': Buffer.alloc(28, 1).toString('base64') }),
    )
    await expect(getFile('tampered/commitment', 'commitment')).rejects.toMatchObject({ code: 'COMMITMENT_MISMATCH' })
  })
})

test('another key does not open it, and leaves no file', async () => {
  const other = await vault.keys.create({ name: 'other' })
  await putBytes('wrong-key', bytes(100), 'cse-c')
  await expect(getFile('wrong-key', 'wrong-key', { key: other.id })).rejects.toMatchObject({ code: 'KEY_WRONG' })
  await vault.keys.delete(other.id)
})

test('the list knows the mode of what was put here, without asking', async () => {
  await putBytes('listed/a b+c', bytes(10), 'cse-c')
  await putBytes('listed/sub/d', bytes(10), 'sse-s3')
  const entries: ListEntry[] = []
  const listing = listFolder(vault, { bucket, prefix: 'listed/', recursive: false }, watch.signal)
  for await (const entry of listing) entries.push(entry)
  expect(entries).toMatchObject([
    { kind: 'folder', key: 'listed/sub/' },
    { kind: 'object', key: 'listed/a b+c', size: 26, mode: 'cse-c', keyId: keyFor['cse-c'] },
  ])
})

test('removed is gone, from the catalog too', async () => {
  await putBytes('gone/1', bytes(1), 'sse-s3')
  await putBytes('gone/2', bytes(1), 'sse-s3')
  await remove(vault, { bucket, keys: ['gone/1', 'gone/2', 'gone/never-there'] }, watch.signal)
  await expect(getFile('gone/1', 'gone')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  expect(vault.catalog.recall('test', bucket, 'gone/2')).toBeNull()
})

test('a bucket that is not there: the command that makes it, elsewhere; made, on This computer', async () => {
  const path = join(vault.folder, 'small')
  await writeFile(path, 'x')
  const into = async (name: string) =>
    ({
      source: await fileSource(path),
      bucket: name,
      key: 'k',
      mode: 'sse-s3',
      options: {},
      overwrite: 'refuse',
    }) as const
  await expect(put(vault, await into('elsewhere'), watch)).rejects.toMatchObject({
    code: 'BUCKET_NOT_FOUND',
    hint: expect.stringContaining(`aws s3 mb s3://elsewhere --endpoint-url ${moto.endpoint}`) as string,
  })
  await expect(getFile('k', 'k')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  const own = { ...vault, makesBuckets: true }
  expect(await put(own, await into('made-here'), watch)).toMatchObject({ bucket: 'made-here' })
})

test('bucket-default says what S3 made of it', async () => {
  const path = join(vault.folder, 'default')
  await writeFile(path, 'x')
  const source = await fileSource(path)
  const stored = await put(
    vault,
    { source, bucket, key: 'default', mode: 'bucket-default', options: {}, overwrite: 'refuse' },
    watch,
  )
  const { ServerSideEncryption } = await vault.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'default' }))
  expect(stored.mode).toBe(ServerSideEncryption === 'AES256' ? 'sse-s3' : 'none')
})
