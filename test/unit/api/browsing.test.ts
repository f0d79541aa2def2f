import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CofferClient } from '../../../electron/api/client.ts'
import { openCoffer, type Coffer } from '../../../electron/compose.ts'
import { startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { HOSTS, type Host } from './hosts.ts'

const bucket = 'browse'
let cloud: LocalCloud
let home: string
let coffer: Coffer

beforeAll(async () => {
  cloud = await startLocalCloud()
  process.env['AWS_ACCESS_KEY_ID'] = cloud.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = cloud.secretAccessKey
  home = await mkdtemp(join(tmpdir(), 'coffer-browsing-'))
  coffer = await openCoffer({ home, env: {} })
  using vault = await coffer.openVault({ endpoint: cloud.endpoint })
  await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  for (const [Key, Body] of [
    ['photos/beach.txt', 'sand\u0000'],
    ['photos/Beach 2.txt', 'naïve waves'],
    ['plan.pdf', '%PDF-1.7 and more'],
  ] as const) {
    await vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
  }
})
afterAll(async () => {
  await coffer.close()
  await cloud.stop()
  await rm(home, { recursive: true })
})

describe.each(HOSTS)('browsing %s', (_name, open) => {
  let host: Host
  let client: CofferClient
  const where = () => ({ place: { endpoint: cloud.endpoint }, bucket })

  beforeAll(async () => {
    host = await open(coffer)
    client = host.client
  })
  afterAll(() => host.close())

  it('lists a bucket, shows its folders, and finds in it', async () => {
    const events = []
    for await (const event of await client.objects.refresh({ ...where(), recursive: true })) events.push(event)
    expect(events).toEqual([{ pages: 1, objects: 3, folders: 0, done: true }])
    const page = await client.objects.page({ ...where(), limit: 1 })
    expect(page).toMatchObject({ total: 2, complete: true, listedAt: expect.any(Date) as Date })
    expect(page.entries).toMatchObject([{ kind: 'folder', key: 'photos/' }])
    expect(await client.objects.page({ ...where(), prefix: 'photos/', sort: 'size', descending: true })).toMatchObject({
      entries: [{ key: 'photos/Beach 2.txt', size: 12 }, { key: 'photos/beach.txt' }],
    })
    expect(await client.objects.search({ ...where(), words: ['BEACH', '2'] })).toMatchObject({
      entries: [{ key: 'photos/Beach 2.txt' }],
      total: 1,
      searched: 3,
    })
  })

  it('shows the content of what was proven, as bytes', async () => {
    const { kind, mediaType, content } = await client.objects.preview({ ...where(), key: 'photos/Beach 2.txt' })
    expect({ kind, mediaType }).toEqual({ kind: 'text', mediaType: 'text/plain; charset=utf-8' })
    expect(await content.text()).toBe('naïve waves')
    expect(await client.objects.preview({ ...where(), key: 'plan.pdf' })).toMatchObject({ kind: 'pdf' })
    await expect(client.objects.preview({ ...where(), key: 'photos/beach.txt' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })

  it('tells details and versions', async () => {
    expect(await client.objects.details({ ...where(), keys: ['plan.pdf'] })).toMatchObject([{ mode: 'sse-s3' }])
    expect(await client.objects.versions({ ...where(), key: 'plan.pdf' })).toMatchObject([
      { kind: 'version', id: 'null', isLatest: true, size: 17, lastModified: expect.any(Date) as Date },
    ])
  })
})

it('a folder view and a search ask no server, and start none', async () => {
  const [, open] = HOSTS[0] ?? []
  const client = (await open?.(coffer))?.client
  expect(await client?.objects.page({ place: 'local', bucket })).toMatchObject({ total: 0, complete: false })
  expect(await client?.objects.search({ place: 'local', bucket, words: ['x'] })).toMatchObject({ searched: 0 })
  expect(await coffer.localCloud.status()).toMatchObject({ running: false })
})
