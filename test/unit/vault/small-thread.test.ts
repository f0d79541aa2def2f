import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pausedReason } from '../../../electron/base/pause.ts'
import type { BucketDemands } from '../../../electron/cloud/bucket-demands.ts'
import { behaviourOf } from '../../../electron/cloud/behaviour.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import { openCatalog, type CatalogEntry } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openDownloads, type Downloads } from '../../../electron/store/downloads.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { get } from '../../../electron/vault/get.ts'
import { openLastReads } from '../../../electron/vault/last-reads.ts'
import { writeBehind } from '../../../electron/store/write-behind.ts'
import { openSmallThread, type SmallThread } from '../../../electron/vault/small-thread.ts'
import { AT_ONCE } from '../../../electron/vault/source-at-once.ts'
import type { GetRequest } from '../../../electron/vault/vault.ts'
import { noise } from '../../support/files.ts'
import { startOddS3 } from '../../support/odd-s3.ts'
import { testKeyRing } from '../../support/keyring.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'

const { signal } = new AbortController()
const keys = testKeyRing()
let cloud: LocalCloud
let folder: string
let db: ReturnType<typeof openDatabase>
let thread: SmallThread
let downloads: Downloads
const lastReads = openLastReads()
const catalog = () => openCatalog(db)

beforeAll(async () => {
  cloud = await startLocalCloud()
  folder = await mkdtemp(join(tmpdir(), 'coffer-thread-'))
  db = openDatabase(folder)
  keys.addAes('own', Buffer.alloc(32, 'an AES key of a test'))
  const clients = openClients(connectionTo(cloud))
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'small' }))
  clients.close()
  const bench = { place: 'lab', makesBuckets: false, server: behaviourOf(cloud, true), connection: connectionTo(cloud) }
  downloads = openDownloads(db, folder)
  thread = openSmallThread(bench, { keys, catalog: catalog(), lastReads, downloads })
  expect(await thread.ready()).toBe(true)
})

afterAll(async () => {
  thread[Symbol.dispose]()
  downloads.close()
  db.close()
  await cloud.stop()
  await rm(folder, { recursive: true })
})

const order = (path: string, key: string, name = 'own') => ({
  path,
  bucket: 'small',
  key,
  mode: 'cse-c' as const,
  options: { key: name },
  overwrite: 'refuse' as const,
})

async function fileOf(content: Buffer, name = 'file'): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

test('files that go side by side come back as they were, and the catalog knows them', async () => {
  const contents = Array.from({ length: 100 }, (_, index) => noise(index * 50, `small ${index}`))
  const results = await Promise.all(
    contents.map(async (content, index) => {
      const path = await fileOf(content, `file ${index}`)
      return thread.put(order(path, `many/${index}`), content.length, { signal })
    }),
  )
  expect(new Set(results.map((result) => result?.etag)).size).toBe(100)
  expect(results[7]).toMatchObject({ mode: 'cse-c', format: 'v3', bytes: 350, storedBytes: 366, key: 'many/7' })
  expect(results[7]?.journey.map(({ act }) => act)).toContain('wrap-data-key')
  writeBehind(db).flush()
  const catalog = openCatalog(db)
  expect(catalog.recall('lab', 'small', 'many/7')).toMatchObject({ etag: results[7]?.etag, mode: 'cse-c' })
  const clients = openClients(connectionTo(cloud))
  const uploads = openUploads(db, folder)
  const server = behaviourOf(cloud, true)
  const vault = { place: 'lab', makesBuckets: false, server, s3: clients.s3, kms: clients.kms, keys, catalog, uploads }
  for (const [index, content] of contents.entries()) {
    const path = join(folder, `back ${index}`)
    const wanted = { bucket: 'small', key: `many/${index}`, options: {}, path, overwrite: 'refuse' as const }
    await get(vault, wanted, { signal })
    expect(await readFile(path)).toEqual(content)
    expect((await stat(path)).mtimeMs).toBeCloseTo((await stat(join(folder, `file ${index}`))).mtimeMs, 2)
  }
  clients.close()
  uploads[Symbol.dispose]()
})

test('what stands there already stays, and failures arrive as they are', async () => {
  const path = await fileOf(noise(100, 'first'))
  await thread.put(order(path, 'taken'), 100, { signal })
  await fileOf(noise(100, 'second'))
  await expect(thread.put(order(path, 'taken'), 100, { signal })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    facts: { operation: 'PutObject', key: 'taken' },
  })
  const replacing = { ...order(path, 'taken'), overwrite: 'replace' as const }
  expect(await thread.put(replacing, 100, { signal })).toMatchObject({ bytes: 100 })
  await expect(thread.put(order(join(folder, 'none'), 'none'), 1, { signal })).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  })
  await expect(thread.put(order(folder, 'folder'), 1, { signal })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  if (process.platform === 'linux') {
    const proc = thread.put(order('/proc/version', 'empty'), 0, { signal })
    await expect(proc).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }
  await expect(thread.put(order(path, 'lost', 'nobody'), 1, { signal })).rejects.toMatchObject({
    code: 'KEY_NOT_FOUND',
  })
})

test('a file that has grown large meanwhile is not taken', async () => {
  const path = await fileOf(noise(AT_ONCE + 1, 'grown'))
  expect(await thread.put(order(path, 'grown'), 10, { signal })).toBeNull()
})

test('the rate limit is asked before a file goes, and what was stopped meanwhile is not sent', async () => {
  const path = await fileOf(noise(100, 'limited'))
  const stop = new AbortController()
  const asked: number[] = []
  const throttle = (bytes: number): Promise<void> => {
    asked.push(bytes)
    stop.abort(pausedReason())
    return Promise.resolve()
  }
  await expect(thread.put(order(path, 'limited'), 100, { signal: stop.signal, throttle })).rejects.toMatchObject({
    code: 'PAUSED',
  })
  expect(asked).toEqual([100])
})

test('a stop reaches the thread', async () => {
  const path = await fileOf(noise(100, 'stopped'))
  const stop = new AbortController()
  const putting = thread.put(order(path, 'stopped'), 100, { signal: stop.signal })
  setImmediate(() => setImmediate(() => stop.abort(pausedReason())))
  const ended = await putting.catch((error: unknown) => error)
  // It may have been faster.
  expect(ended).toMatchObject(ended instanceof Error ? { code: 'PAUSED' } : { bytes: 100 })
})

const wanted = (key: string, path: string, more: Partial<GetRequest> = {}): GetRequest => ({
  ...{ bucket: 'small', key, path, size: 1, options: {}, overwrite: 'refuse' },
  ...more,
})

/** Objects of these contents below `prefix`, put by the thread. */
async function stored(prefix: string, contents: Buffer[]): Promise<void> {
  await Promise.all(
    contents.map(async (content, index) => {
      const path = await fileOf(content, `${prefix} ${index}`)
      await thread.put(order(path, `${prefix}/${index}`), content.length, { signal })
    }),
  )
}

test('objects come back by the thread as they were, into folders that it makes, and what was seen is remembered', async () => {
  const contents = Array.from({ length: 100 }, (_, index) => noise(index * 50, `back ${index}`))
  await stored('down', contents)
  const into = join(folder, 'made', 'below')
  const results = await Promise.all(
    contents.map((_, index) => thread.get(wanted(`down/${index}`, join(into, `${index}`)), { signal })),
  )
  for (const [index, content] of contents.entries()) {
    const path = join(into, `${index}`)
    expect(await readFile(path)).toEqual(content)
    expect((await stat(path)).mtimeMs).toBeCloseTo((await stat(join(folder, `down ${index}`))).mtimeMs, 2)
  }
  expect(results[7]).toMatchObject({ mode: 'cse-c', format: 'v3', bytes: 350, key: 'down/7' })
  const known = catalog().recall('lab', 'small', 'down/7')
  expect(known).toMatchObject({ mode: 'cse-c', keyId: results[7]?.keyId })
  const { place, bucket, key, etag } = known as CatalogEntry
  expect(lastReads.of({ place, bucket, key, etag })?.journey).toEqual(results[7]?.journey)
  expect(results[7]?.journey.map(({ act }) => act)).toContain('verify-tag')
  expect(await readdir(into)).toHaveLength(100)
})

test('a file that stands where an object should go stays, unless it may be replaced', async () => {
  await stored('over', [noise(100, 'over')])
  const path = await fileOf(noise(10, 'there'), 'there')
  await expect(thread.get(wanted('over/0', path), { signal })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    facts: { path },
  })
  expect(await readFile(path)).toEqual(noise(10, 'there'))
  expect(await thread.get(wanted('over/0', path, { overwrite: 'replace' }), { signal })).toMatchObject({ bytes: 100 })
  expect(await readFile(path)).toEqual(noise(100, 'over'))
})

test('an object that was changed is never a file, and neither is one that is not there', async () => {
  await stored('changed', [noise(100, 'changed')])
  const clients = openClients(connectionTo(cloud))
  const { s3 } = clients
  const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: 'small', Key: 'changed/0' }))
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(1)
  bytes[0] = (bytes[0] ?? 0) ^ 1
  await s3.send(new PutObjectCommand({ Bucket: 'small', Key: 'changed/0', Body: bytes, Metadata }))
  clients.close()
  const into = join(folder, 'unproven')
  await expect(thread.get(wanted('changed/0', join(into, 'changed')), { signal })).rejects.toMatchObject({
    code: 'INTEGRITY',
  })
  await expect(thread.get(wanted('nowhere', join(into, 'nowhere')), { signal })).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
  })
  await expect(readdir(into)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('what was sealed when it was last seen, and is not any more, is refused in the thread, too', async () => {
  await stored('bared', [noise(100, 'bared')])
  const clients = openClients(connectionTo(cloud))
  const { s3 } = clients
  await s3.send(new PutObjectCommand({ Bucket: 'small', Key: 'bared/0', Body: noise(100, 'other') }))
  clients.close()
  const path = join(folder, 'bared back')
  await expect(thread.get(wanted('bared/0', path), { signal })).rejects.toMatchObject({ code: 'SEAL_MISSING' })
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('an object that is large after all, or that no secret key opens, is left to the usual way', async () => {
  const clients = openClients(connectionTo(cloud))
  const { s3 } = clients
  await s3.send(new PutObjectCommand({ Bucket: 'small', Key: 'large', Body: noise(AT_ONCE + 1, 'large') }))
  clients.close()
  expect(await thread.get(wanted('large', join(folder, 'large back')), { signal })).toBeNull()
  const pair = keys.addRsa('pair')
  const path = await fileOf(noise(100, 'rsa'), 'rsa')
  await thread.put(order(path, 'rsa', pair.name), 100, { signal })
  expect(await thread.get(wanted('rsa', join(folder, 'rsa back')), { signal })).toBeNull()
  expect(await thread.get(wanted('rsa', join(folder, 'rsa back'), { options: { key: 'none' } }), { signal })).toBeNull()
  await expect(stat(join(folder, 'rsa back'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a stop reaches a get in the thread, and then there is no file', async () => {
  await stored('halted', [noise(100, 'halted')])
  const stop = new AbortController()
  const path = join(folder, 'halted back')
  const getting = thread.get(wanted('halted/0', path), { signal: stop.signal })
  setImmediate(() => setImmediate(() => stop.abort(pausedReason())))
  const ended = await getting.catch((error: unknown) => error)
  // It may have been faster.
  expect(ended).toMatchObject(ended instanceof Error ? { code: 'PAUSED' } : { bytes: 100 })
  expect(
    await stat(path).then(
      () => true,
      () => false,
    ),
  ).toBe(!(ended instanceof Error))
})

test('when the thread is gone, what it was at fails, and it takes no more', async () => {
  const path = await fileOf(noise(100, 'late'))
  const putting = thread.put(order(path, 'late'), 100, { signal })
  await Promise.resolve()
  thread[Symbol.dispose]()
  await expect(putting).rejects.toMatchObject({ code: 'INTERNAL' })
  await expect(thread.put(order(path, 'late'), 100, { signal })).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(await thread.ready()).toBe(false)
})

test('what a bucket turns out to demand of each write is told to the main thread, for the runs that come', async () => {
  const server = await startOddS3({ demandsSse: 'AES256' })
  const { connection } = server
  const bench = { place: 'odd', makesBuckets: false, server: behaviourOf(connection, false), connection }
  const learned: [string, BucketDemands][] = []
  const learn = (...each: [string, BucketDemands]): void => void learned.push(each)
  using own = openSmallThread(bench, { keys, catalog: catalog(), lastReads, downloads, learn })
  await own.ready()
  const path = await fileOf(noise(100, 'demanded'), 'demanded')
  for (const key of ['one', 'two']) await own.put(order(path, key), 100, { signal })
  expect(learned).toEqual([['small', { encryption: 'AES256' }]])
  expect(server.seen.filter((request) => request === 'PUT /small/two')).toHaveLength(1)
  await server.close()
})
