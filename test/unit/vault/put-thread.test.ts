import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pausedReason } from '../../../electron/base/pause.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import { openCatalog } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { get } from '../../../electron/vault/get.ts'
import { openPutThread, type PutThread } from '../../../electron/vault/put-thread.ts'
import { AT_ONCE } from '../../../electron/vault/source-at-once.ts'
import { noise } from '../../support/files.ts'
import { testKeyRing } from '../../support/keyring.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'

const { signal } = new AbortController()
const keys = testKeyRing()
let cloud: LocalCloud
let folder: string
let db: ReturnType<typeof openDatabase>
let thread: PutThread

beforeAll(async () => {
  cloud = await startLocalCloud()
  folder = await mkdtemp(join(tmpdir(), 'coffer-thread-'))
  db = openDatabase(folder)
  keys.addAes('own', Buffer.alloc(32, 'an AES key of a test'))
  const clients = openClients(connectionTo(cloud))
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'small' }))
  clients.close()
  const bench = { place: 'lab', makesBuckets: false, connection: connectionTo(cloud) }
  thread = openPutThread(bench, { keys, catalog: openCatalog(db) })
  while (!thread.isReady()) await sleep(20)
}, 60_000)

afterAll(async () => {
  thread[Symbol.dispose]()
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
  const catalog = openCatalog(db)
  expect(catalog.recall('lab', 'small', 'many/7')).toMatchObject({ etag: results[7]?.etag, mode: 'cse-c' })
  const clients = openClients(connectionTo(cloud))
  const uploads = openUploads(db, folder)
  const vault = { place: 'lab', makesBuckets: false, s3: clients.s3, kms: clients.kms, keys, catalog, uploads }
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

test('when the thread is gone, what it was at fails, and it takes no more', async () => {
  const path = await fileOf(noise(100, 'late'))
  const putting = thread.put(order(path, 'late'), 100, { signal })
  await Promise.resolve()
  thread[Symbol.dispose]()
  await expect(putting).rejects.toMatchObject({ code: 'INTERNAL' })
  await expect(thread.put(order(path, 'late'), 100, { signal })).rejects.toMatchObject({ code: 'INTERNAL' })
  expect(thread.isReady()).toBe(false)
})
