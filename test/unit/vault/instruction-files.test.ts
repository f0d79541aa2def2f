import { readFileSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get } from '../../../electron/vault/get.ts'
import { objectsBelow } from '../../../electron/vault/keys-below.ts'
import { rekey } from '../../../electron/vault/rekey.ts'
import { rekeyItem } from '../../../electron/vault/rekey-item.ts'
import { remove } from '../../../electron/vault/remove.ts'
import { undeleteObject } from '../../../electron/vault/undelete-object.ts'
import { versionsOf } from '../../../electron/vault/versions.ts'
import { BELIEVED, startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'
import { openTestVault, type TestVault } from './kit.ts'
import { runItems } from './run-items.ts'

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
  vault = await openTestVault(moto.connection, false, BELIEVED)
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

/** `KEY` and its instruction file, as Amazon's Java client writes them. */
async function storePair(key: string, suffix = '.instruction'): Promise<void> {
  const object = fixture.objects.find(({ name }) => name === 'java-aes-v2-instruction')
  await store(key, Buffer.from(object?.body ?? '', 'base64'))
  await store(key + suffix, object?.instruction ?? '')
}

async function keys(prefix: string, instructionSuffix?: string): Promise<string[]> {
  const found = []
  for await (const { key } of objectsBelow(vault, { bucket, prefix, instructionSuffix }, watch.signal)) found.push(key)
  return found
}

test('an instruction file belongs to its object, and comes by itself where it is none', async () => {
  for (const key of ['pairs/a', 'pairs/a.b', 'pairs/z/1']) await storePair(key)
  await storePair('pairs/own', '.keys')
  for (const key of ['pairs/a.instructions', 'pairs/b', 'pairs/lone.instruction']) await store(key, 'text')
  await store('pairs/b.instruction', '{"boil": "ten minutes"}')
  const others = ['pairs/a', 'pairs/a.b', 'pairs/a.instructions', 'pairs/b', 'pairs/b.instruction']
  expect(await keys('pairs/')).toEqual([
    ...others,
    'pairs/lone.instruction',
    'pairs/own',
    'pairs/own.keys',
    'pairs/z/1',
  ])
  expect(await keys('pairs/', '.keys')).not.toContain('pairs/own.keys')
  expect(await keys('pairs/', '.keys')).toContain('pairs/a.instruction')
})

test('an instruction file under another suffix is found by it', async () => {
  await storePair('chosen', '.keys')
  await fetch('chosen', { allowLegacy: true, instructionSuffix: '.keys' })
  expect(await readFile(join(vault.folder, 'chosen'))).toEqual(Buffer.from(fixture.plaintext, 'base64'))
})

test.for(['Enabled', 'Suspended'] as const)(
  'a re-key takes the instruction file with it, and older versions are read all the same (versioning %s)',
  async (Status) => {
    await vault.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }))
    for (const mode of ['sse-s3', 'cse-c'] as const) {
      const key = `again-${mode}-${Status}`
      await storePair(key)
      const to = mode === 'cse-c' ? { key: 'java' } : {}
      await rekey(vault, { bucket, key, mode, from: { allowLegacy: true }, to }, watch)
      vault.catalog.forget(vault.place, bucket, key)
      expect(await fetch(key)).toMatchObject({ mode })
      expect(await readFile(join(vault.folder, key))).toEqual(Buffer.from(fixture.plaintext, 'base64'))
      expect(await keys(key)).toEqual([key])
      if (Status === 'Suspended') continue
      const older = (await versionsOf(vault, { bucket, key }, watch.signal)).find(({ isLatest }) => !isLatest)
      const path = join(vault.folder, `${key}-older`)
      await get(
        vault,
        { bucket, key, versionId: older?.id, path, options: { allowLegacy: true }, overwrite: 'refuse' },
        watch,
      )
      expect(await readFile(path)).toEqual(Buffer.from(fixture.plaintext, 'base64'))
    }
  },
)

test('of what a leaked key has sealed, the older versions go with those of their instruction files', async () => {
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await vault.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  for (const key of ['leaked', 'leaked']) await storePair(key)
  await store('leaked.instruction.txt', 'text')
  const to = { mode: 'sse-s3', to: {}, target: { mode: 'sse-s3', keyNames: undefined, options: {} } } as const
  const item = { bucket, key: 'leaked', from: { allowLegacy: true }, ...to, under: undefined, doubtful: false }
  const first = await rekeyItem(vault, { ...item, purge: false }, watch)
  expect(first).toMatchObject({ kind: 'changed', purged: 0 })
  const file = { bucket, key: 'leaked.instruction' }
  expect(await versionsOf(vault, file, watch.signal)).toHaveLength(3)
  expect(await rekeyItem(vault, { ...item, purge: true }, watch)).toMatchObject({ kind: 'there', purged: 4 })
  expect(await versionsOf(vault, file, watch.signal)).toEqual([])
  expect(await versionsOf(vault, { bucket, key: 'leaked' }, watch.signal)).toHaveLength(1)
  expect(await keys('leaked', '.none')).toEqual(['leaked', 'leaked.instruction.txt'])
})

test('an instruction file is removed with its object, and comes back with it', async () => {
  await vault.s3.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  )
  await storePair('fallen')
  expect(await remove(vault, { bucket, keys: ['fallen'] }, watch.signal)).toMatchObject({ removed: 1 })
  expect(await keys('fallen', '.none').catch(() => [])).toEqual([])
  expect(await undeleteObject(vault, { bucket, key: 'fallen' }, watch.signal)).toBe(true)
  await fetch('fallen', { allowLegacy: true })
  expect(await readFile(join(vault.folder, 'fallen'))).toEqual(Buffer.from(fixture.plaintext, 'base64'))
})

test('an object that is replaced by one without an envelope loses the file of the one before', async () => {
  await storePair('replaced')
  await store('kept', 'for the cook')
  await store('kept.instruction', '{"boil": "ten minutes"}')
  const sources = ['replaced', 'kept'].map((name) => join(vault.folder, name))
  for (const path of sources) await writeFile(path, 'anew')
  const order = { kind: 'put', bucket, sources, target: '', mode: 'sse-s3', overwrite: 'replace' } as const
  expect(await runItems(vault, { ...order, sources })).toMatchObject({ done: ['replaced', 'kept'] })
  vault.catalog.forget(vault.place, bucket, 'replaced')
  expect(await fetch('replaced')).toMatchObject({ bytes: 4, mode: 'sse-s3' })
  expect(await keys('', '.none')).toContain('kept.instruction')
})
