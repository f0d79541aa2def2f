import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { CofferClient } from '../../../electron/api/client.ts'
import type { PutEvent } from '../../../electron/api/contract/objects.ts'
import { createInProcessClient } from '../../../electron/api/router.ts'
import { openCoffer, type Coffer } from '../../../electron/compose.ts'
import { startLyingServer, type LyingServer } from '../../support/lying-s3.ts'
import { requireKeyring } from '../keys/keyring.ts'
import { testFolder } from '../store/folder.ts'

/* A run of many meets a server that does not encrypt. */

let server: LyingServer
beforeAll(async () => {
  requireKeyring()
  server = await startLyingServer()
})
beforeEach(() => {
  server.lies = {}
  server.log.length = 0
  server.objects.clear()
})
afterAll(() => server.close())

/** Forty small files, and a client that knows the server as the place `liar`. */
async function openDesk(): Promise<{ client: CofferClient; coffer: Coffer; files: string }> {
  const home = testFolder()
  const coffer = await openCoffer({ home, env: {} })
  onTestFinished(() => coffer.close())
  const { endpoint } = server.connection
  const credentials = { kind: 'keys', accessKeyId: 'liar', secretAccessKey: 'liar' } as const
  await coffer.places.add({ name: 'liar', connection: { endpoint }, credentials })
  const files = join(home, 'files')
  await mkdir(files)
  for (let n = 0; n < 40; n++) await writeFile(join(files, `file-${n}`), `content ${n}`)
  return { client: createInProcessClient(coffer), coffer, files }
}

async function all<E>(events: AsyncIterable<E>): Promise<E[]> {
  const told: E[] = []
  for await (const event of events) told.push(event)
  return told
}

const written = (): Set<string> =>
  new Set(server.log.filter((line) => line.startsWith('PUT /') && !line.includes('/.coffer-test-')))

test('one file is sent, and no other', async () => {
  const { client, files } = await openDesk()
  server.lies = { encryption: { put: 'dropped' } }
  const request = { place: 'liar', bucket: 'box', key: 'in/', paths: [files], mode: 'sse-s3' as const }
  const told: PutEvent[] = await all(await client.objects.put(request))
  const failed = told.filter((event) => event.kind === 'file-failed')
  expect(failed).toMatchObject([{ error: { code: 'NOT_ENCRYPTED' } }])
  expect(told.at(-1)).toEqual({ kind: 'stopped', files: 39 })
  expect(written().size).toBe(1)
  expect(server.objects.size).toBe(0)
})

test('all are sent where the first has come out as it was asked for', async () => {
  const { client, files } = await openDesk()
  const request = { place: 'liar', bucket: 'box', key: 'in/', paths: [files], mode: 'sse-s3' as const }
  const told: PutEvent[] = await all(await client.objects.put(request))
  expect(told.filter((event) => event.kind === 'file-done')).toHaveLength(40)
  expect(server.objects.size).toBe(40)
})
test('a run in the background waits for the person, who may mean plaintext', async () => {
  const { client, files } = await openDesk()
  server.lies = { encryption: { put: 'dropped' } }
  const request = { place: 'liar', bucket: 'box', key: 'in/', paths: [files], mode: 'sse-s3' as const }
  const { run } = await client.transfers.put(request)
  const waits = async (): Promise<unknown> => {
    for await (const { runs } of await client.transfers.watch({ run })) {
      const [view] = runs
      if (view !== undefined && (view.state === 'paused' || view.state === 'finished')) return view
    }
    return null
  }
  const refused = { state: 'paused', failed: { files: 1 }, error: { code: 'NOT_ENCRYPTED' } }
  expect(await waits()).toMatchObject(refused)
  expect(written().size).toBe(1)
  expect(server.objects.size).toBe(0)
  // To go on alone changes nothing: the next file meets the same.
  await client.transfers.resume({ run })
  await vi.waitFor(async () => expect(await waits()).toMatchObject({ ...refused, failed: { files: 2 } }))
  expect(written().size).toBe(2)
  await client.transfers.allowUnencrypted({ run })
  await vi.waitFor(
    async () => expect(await waits()).toMatchObject({ state: 'finished', finished: { files: 40 } }),
    30_000,
  )
  expect(server.objects.size).toBe(40)
})

test('a re-key of many stops at the first, and what is sealed stays sealed', async () => {
  const { client, files } = await openDesk()
  await client.keys.create({ name: 'mine' })
  const folder = { place: 'liar', bucket: 'box', key: 'in/' }
  await all(
    await client.objects.put({ ...folder, paths: [files], mode: 'cse-c', options: { key: 'mine' }, acceptNoKit: true }),
  )
  const before = new Map(server.objects)
  server.lies = { encryption: { put: 'dropped', copy: 'dropped' } }
  const told = await all(await client.objects.rekey({ ...folder, mode: 'sse-s3', concurrency: 1 }))
  expect(told.filter((event) => event.kind === 'file-failed')).toMatchObject([{ error: { code: 'NOT_ENCRYPTED' } }])
  expect(told).toContainEqual({ kind: 'stopped', files: 39 })
  expect(server.objects).toEqual(before)
})

test('a run whose journal knows more than the catalog is mended by repeating it', async () => {
  const { client, coffer, files } = await openDesk()
  await client.keys.create({ name: 'mine' })
  const folder = { place: 'liar', bucket: 'box', key: 'in/' }
  const only = [join(files, 'file-0'), join(files, 'file-1')]
  const sealed = { paths: only, mode: 'cse-c' as const, options: { key: 'mine' }, acceptNoKit: true }
  await all(await client.objects.put({ ...folder, ...sealed }))
  // Of two, one fails: the run stays open, with its journal.
  server.lies = { plainAt: 'box/in/file-1' }
  await all(await client.objects.rekey({ ...folder, mode: 'sse-s3', concurrency: 1 }))
  using vault = await coffer.openVault('liar')
  const [place, bucket, key] = [vault.place, 'box', 'in/file-0'] as const
  const known = coffer.catalog.recall(place, bucket, key)
  expect(known).toMatchObject({ mode: 'sse-s3' })
  // As an earlier release could leave it: the journal's "done" on disk, and not what the catalog was told.
  coffer.catalog.stored({ ...(known ?? expect.fail()), etag: '"before"', mode: 'cse-c' }, 0)
  server.lies = {}
  const wanted = { ...folder, key }
  await expect(client.objects.inspect(wanted)).rejects.toMatchObject({ code: 'SEAL_MISSING' })
  await all(await client.objects.rekey({ ...folder, mode: 'sse-s3' }))
  expect(await client.objects.inspect(wanted)).toMatchObject({ mode: 'sse-s3' })
})
