import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CopyObjectCommand, CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get } from '../../../electron/vault/get.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import { fileSource } from '../../../electron/vault/source.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'
import { openTestVault, type TestVault } from './kit.ts'

const watch = { signal: new AbortController().signal }
const bucket = 'hostile'
let moto: ForeignServer
let vault: TestVault

beforeAll(async () => {
  moto = await startMoto()
  vault = await openTestVault(moto.connection)
  await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  await vault.keys.create({ name: 'mine' })
})

afterAll(async () => {
  await vault.end()
  await moto.stop()
})

async function seal(key: string): Promise<void> {
  const path = join(vault.folder, 'in')
  await writeFile(path, 'pay Alice 10')
  const source = await fileSource(path)
  await put(vault, { source, bucket, key, mode: 'cse-c', options: { key: 'mine' }, overwrite: 'refuse' }, watch)
}

async function strip(key: string, metadata: Record<string, string> = {}): Promise<void> {
  const command = { Bucket: bucket, Key: key, CopySource: `${bucket}/${key}`, MetadataDirective: 'REPLACE' as const }
  await vault.s3.send(new CopyObjectCommand({ ...command, Metadata: metadata }))
}

test.for<[string, Record<string, string>]>([
  ['lost', {}],
  ['mixed with that of another format', { 'x-amz-key-v2': 'AAAA', 'x-amz-iv': 'AAAA', 'x-amz-c': '115' }],
])('an object whose envelope is %s opens with the one that is remembered of its bytes', async ([how, metadata]) => {
  await seal(how)
  await strip(how, metadata)
  const path = join(vault.folder, `${how}-out`)
  const got = await get(vault, { bucket, key: how, path, options: {}, overwrite: 'refuse' }, watch)
  expect(got).toMatchObject({ mode: 'cse-c' })
  expect(await readFile(path, 'utf8')).toBe('pay Alice 10')
  const { mode, journey } = await inspect(vault, { bucket, key: how, options: {} }, watch.signal)
  expect([mode, journey[0]?.text]).toEqual(['cse-c', expect.stringContaining('for the object itself has none')])
})

test('an envelope that is remembered of other bytes is of no use: the object is refused', async () => {
  await seal('stripped')
  const known = vault.catalog.recall('test', bucket, 'stripped')
  if (known !== null) vault.catalog.stored({ ...known, etag: '"other"' }, 0)
  await strip('stripped')
  await expectRefused('stripped')
})

test('a plain object in the place of a sealed one is refused, until the person accepts it', async () => {
  await seal('swapped')
  await vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'swapped', Body: 'pay Mallory 1000' }))
  await expectRefused('swapped')
  const path = join(vault.folder, 'accepted')
  const options = { acceptUnsealed: true }
  await get(vault, { bucket, key: 'swapped', path, options, overwrite: 'refuse' }, watch)
  expect(await readFile(path, 'utf8')).toBe('pay Mallory 1000')
})

async function expectRefused(key: string): Promise<void> {
  const path = join(vault.folder, `${key}-out`)
  const wanted = { bucket, key, options: {} }
  await expect(get(vault, { ...wanted, path, overwrite: 'refuse' }, watch)).rejects.toMatchObject({
    code: 'SEAL_MISSING',
  })
  await expect(verify(vault, wanted, watch)).rejects.toMatchObject({ code: 'SEAL_MISSING' })
  await expect(inspect(vault, wanted, watch.signal)).rejects.toMatchObject({ code: 'SEAL_MISSING' })
  expect((await readdir(vault.folder)).filter((name) => name.includes(key) || name.startsWith('.coffer'))).toEqual([])
}
