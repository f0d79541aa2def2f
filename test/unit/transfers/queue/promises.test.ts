import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { CofferClient } from '../../../../electron/api/client.ts'
import { createInProcessClient } from '../../../../electron/api/router.ts'
import { openCoffer, type Coffer } from '../../../../electron/compose.ts'
import { requireKeyring } from '../../keys/keyring.ts'
import { testFolder } from '../../store/folder.ts'
import { bytes, MiB } from '../kit.ts'

/* What the queue promises, with This computer's own server and the database on disk. */

beforeAll(requireKeyring)

const bucket = 'transfers'

interface Desk {
  coffer: Coffer
  client: CofferClient
  folder: string
  /** Makes a file and names it. */
  file(name: string, content: Buffer): Promise<string>
}

async function openDesk(home = testFolder()): Promise<Desk> {
  const coffer = await openCoffer({ home, env: {} })
  onTestFinished(async () => {
    // One that was closed in its test has left the server to the next.
    await coffer.localCloud.stop().catch(() => undefined)
    await coffer.close().catch(() => undefined)
  })
  const folder = join(home, 'files')
  await mkdir(folder, { recursive: true })
  return {
    coffer,
    client: createInProcessClient(coffer),
    folder,
    async file(name, content) {
      const path = join(folder, name)
      await mkdir(join(path, '..'), { recursive: true })
      await writeFile(path, content)
      return path
    },
  }
}

type Watched = Awaited<ReturnType<CofferClient['transfers']['watch']>>
type Event = Watched extends AsyncIterable<infer E> ? E : never
type Run = Event['runs'][number]

/** Watches until the run is as wanted. */
async function until(client: CofferClient, run: number, wanted: (view: Run) => boolean): Promise<Run> {
  const stop = new AbortController()
  try {
    let last: Run | undefined
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(150_000)])
    for await (const { runs } of await client.transfers.watch({ run }, { signal })) {
      for (const view of runs) {
        last = view
        if (wanted(view)) return view
      }
    }
    throw new Error(`waited in vain; last seen: ${JSON.stringify(last)}`)
  } finally {
    stop.abort()
  }
}

const isFinished = ({ state }: Run): boolean => state === 'finished'

async function keysOf({ coffer }: Desk): Promise<string[]> {
  using vault = await coffer.openVault('local')
  const { Contents = [] } = await vault.s3.send(new ListObjectsV2Command({ Bucket: bucket }))
  return Contents.map(({ Key = '' }) => Key)
}

async function uploadsOf({ coffer }: Desk): Promise<number> {
  using vault = await coffer.openVault('local')
  const { Uploads = [] } = await vault.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  return Uploads.length
}

function put(client: CofferClient, paths: string[], more: object = {}): Promise<{ run: number }> {
  return client.transfers.put({ place: 'local', bucket, key: '', paths, mode: 'sse-s3', ...more })
}

test('a drop goes in and comes back, and the first event tells all of it', async () => {
  const desk = await openDesk()
  const { client, folder } = desk
  const [a, c] = [bytes(10), bytes(20)]
  await desk.file('album/a', a)
  await desk.file('album/b/c', c)
  const { run } = await put(client, [join(folder, 'album')])
  const done = await until(client, run, isFinished)
  expect(done).toMatchObject({ found: { files: 2, bytes: 30 }, finished: { files: 2, bytes: 30 }, elsewhere: false })
  const to = join(folder, 'back')
  const got = await client.transfers.get({ place: 'local', bucket, keys: ['album/b/', 'album/a'], to })
  expect(await until(client, got.run, isFinished)).toMatchObject({ finished: { files: 2, bytes: 30 } })
  expect((await readFile(join(to, 'a'))).equals(a)).toBe(true)
  expect((await readFile(join(to, 'b', 'c'))).equals(c)).toBe(true)
  await client.transfers.clear({})
  for await (const first of await client.transfers.watch({})) {
    expect(first).toEqual({ runs: [], gone: [], rateLimit: { up: null, down: null } })
    break
  }
})

test('a paused run goes on where it stood, and a small file is not stuck behind it', async () => {
  const desk = await openDesk()
  const { client } = desk
  const large = bytes(40 * MiB)
  const paths = [await desk.file('large', large), await desk.file('small', bytes(5))]
  await client.transfers.limit({ up: 16 * MiB })
  const { run } = await put(client, paths)
  const begun = await until(client, run, ({ bytesDone, finished }) => bytesDone > 8 * MiB && finished.files === 1)
  expect(begun.active).toMatchObject([{ name: paths[0], state: 'active' }])
  await client.transfers.pause({ run })
  const paused = await until(client, run, ({ state }) => state === 'paused')
  expect(paused.activeCount).toBe(0)
  expect(await uploadsOf(desk)).toBe(1)
  await client.transfers.limit({ up: null })
  await client.transfers.resume({ run })
  expect(await until(client, run, isFinished)).toMatchObject({ finished: { files: 2 }, failed: { files: 0 } })
  expect(await uploadsOf(desk)).toBe(0)
  const got = await client.transfers.get({ place: 'local', bucket, keys: ['large'], to: join(desk.folder, 'back') })
  expect(await until(client, got.run, isFinished)).toMatchObject({ found: { bytes: 40 * MiB } })
  expect((await readFile(join(desk.folder, 'back'))).equals(large)).toBe(true)
})

test('a cancelled run leaves nothing behind, also after a pause', async () => {
  const desk = await openDesk()
  const { client } = desk
  await client.transfers.limit({ up: 8 * MiB })
  const { run } = await put(client, [await desk.file('large', bytes(40 * MiB))])
  await until(client, run, ({ bytesDone }) => bytesDone > 0)
  await client.transfers.pause({ run })
  expect(await uploadsOf(desk)).toBe(1)
  await client.transfers.cancel({ run })
  expect(await until(client, run, ({ state }) => state === 'cancelled')).toMatchObject({ cancelled: { files: 1 } })
  expect(await uploadsOf(desk)).toBe(0)
  expect(await keysOf(desk)).toEqual([])
  expect(await client.transfers.leftovers({})).toEqual([])
})

test('what is there already waits for an answer, and everything else goes on', async () => {
  const desk = await openDesk()
  const { client } = desk
  const paths = await Promise.all(['a.txt', 'b.txt', 'c.txt'].map((name) => desk.file(name, bytes(3))))
  await until(client, (await put(client, paths)).run, isFinished)
  await Promise.all(['a.txt', 'b.txt', 'c.txt', 'd.txt'].map((name) => desk.file(name, bytes(4))))
  const { run } = await put(client, [...paths, join(desk.folder, 'd.txt')])
  expect(await until(client, run, isFinished)).toMatchObject({ conflicts: { files: 3 }, finished: { files: 1 } })
  const [a, b] = await client.transfers.items({ run, state: 'conflict' })
  expect(a).toMatchObject({ key: 'a.txt', error: { code: 'ALREADY_EXISTS' } })
  await client.transfers.answer({ run, item: a?.id, answer: 'replace' })
  await client.transfers.answer({ run, item: b?.id, answer: 'skip' })
  await until(client, run, ({ state, conflicts }) => state === 'finished' && conflicts.files === 1)
  await client.transfers.answer({ run, answer: 'keep-both' })
  expect(await until(client, run, isFinished)).toMatchObject({ finished: { files: 3 }, skipped: { files: 1 } })
  expect(await keysOf(desk)).toEqual(['a.txt', 'b.txt', 'c (2).txt', 'c.txt', 'd.txt'])
})

test('a run goes on after a quit, and what was done without being noted is recognised as its own', async () => {
  const home = testFolder()
  const first = await openDesk(home)
  for (let number = 0; number < 200; number++) await first.file(`many/${number}`, bytes(10))
  const { run } = await put(first.client, [join(first.folder, 'many')], { overwrite: 'refuse' })
  await until(first.client, run, ({ finished }) => finished.files > 20)
  await first.coffer.close()

  const second = await openDesk(home)
  expect(await second.client.transfers.resumeAll()).toEqual({ runs: 1 })
  expect(await until(second.client, run, isFinished)).toMatchObject({ finished: { files: 200 }, failed: { files: 0 } })
})

test('a run goes on when This computer has started again at another address', async () => {
  const desk = await openDesk()
  const { client, coffer } = desk
  for (let number = 0; number < 300; number++) await desk.file(`many/${number}`, bytes(10))
  const { run } = await put(client, [join(desk.folder, 'many')], { overwrite: 'refuse' })
  await until(client, run, ({ finished }) => finished.files > 20)
  await coffer.localCloud.stop()
  expect(await until(client, run, isFinished)).toMatchObject({ finished: { files: 300 }, failed: { files: 0 } })
})

test('a file that is gone fails alone, and is done by a retry once it is there', async () => {
  const desk = await openDesk()
  const { client } = desk
  const { run } = await put(client, [await desk.file('there', bytes(1)), join(desk.folder, 'not yet')])
  expect(await until(client, run, isFinished)).toMatchObject({ finished: { files: 1 }, failed: { files: 1 } })
  const [failed] = await client.transfers.items({ run, state: 'failed' })
  expect(failed).toMatchObject({ name: join(desk.folder, 'not yet'), error: { code: 'FILE_NOT_FOUND' } })
  await desk.file('not yet', bytes(2))
  await client.transfers.retry({ run })
  expect(await until(client, run, ({ finished }) => finished.files === 2)).toMatchObject({ failed: { files: 0 } })
})

test('a limit holds, and is the same for the next one who opens Coffer', async () => {
  const home = testFolder()
  const desk = await openDesk(home)
  await desk.client.transfers.limit({ up: 2 * MiB })
  const began = performance.now()
  const { run } = await put(desk.client, [await desk.file('file', bytes(4 * MiB))])
  await until(desk.client, run, isFinished)
  expect(performance.now() - began).toBeGreaterThan(1_700)
  await desk.coffer.close()
  const again = await openDesk(home)
  expect(await again.client.transfers.limit({})).toEqual({ up: 2 * MiB, down: null })
  expect((await stat(join(home, 'coffer.db'))).isFile()).toBe(true)
})

test('a stream that is not at hand any more says so', async () => {
  const { client } = await openDesk()
  const { run } = await put(client, ['stream:1'])
  await until(client, run, isFinished)
  const [item] = await client.transfers.items({ run, state: 'failed' })
  expect(item?.error).toMatchObject({ code: 'FILE_NOT_FOUND', hint: 'Drop it again.' })
})
