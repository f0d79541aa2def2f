import { readFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get } from '../../../electron/vault/get.ts'
import { startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'
import { openTestVault, type TestVault } from './kit.ts'

interface Fixture {
  aesKey: string
  plaintext: string
  objects: { name: string; instruction?: string; body: string }[]
}

const watch = { signal: new AbortController().signal }
const bucket = 'elsewhere'
const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/s3ec-java.json'), 'utf8')) as Fixture
let moto: ForeignServer
let vault: TestVault

beforeAll(async () => {
  moto = await startMoto()
  vault = await openTestVault(moto.connection)
  await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  await vault.keys.import(Buffer.from(fixture.aesKey), { name: 'java' })
})

afterAll(async () => {
  await vault.end()
  await moto.stop()
})

function store(key: string, body: Buffer | string) {
  return vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
}

function fetch(key: string, options = {}) {
  return get(vault, { bucket, key, path: join(vault.folder, key), options, overwrite: 'replace' }, watch)
}

test('an object without a trace of its envelope, which is in a file beside it, is not taken for a plain one', async () => {
  const object = fixture.objects.find(({ name }) => name === 'java-aes-v2-instruction')
  await store('report', Buffer.from(object?.body ?? '', 'base64'))
  await store('report.instruction', object?.instruction ?? '')
  await expect(fetch('report')).rejects.toMatchObject({ code: 'LEGACY_NOT_ALLOWED' })
  expect(await readdir(vault.folder)).not.toContain('report')

  await fetch('report', { allowLegacy: true })
  expect(await readFile(join(vault.folder, 'report'))).toEqual(Buffer.from(fixture.plaintext, 'base64'))
  // What is remembered of it now does not let it pass either.
  await expect(fetch('report')).rejects.toMatchObject({ code: 'LEGACY_NOT_ALLOWED' })
})

test('a plain object is plain, whatever file of that name lies beside it', async () => {
  await store('notes', 'for the cook')
  await store('notes.instruction', '{"boil": "ten minutes"}')
  expect(await fetch('notes')).toMatchObject({ bytes: 12 })
  expect(await readFile(join(vault.folder, 'notes'), 'utf8')).toBe('for the cook')
})
