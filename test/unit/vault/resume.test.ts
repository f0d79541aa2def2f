import { readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { pausedReason } from '../../../electron/base/pause.ts'
import type { StrayTemporary } from '../../../electron/store/downloads.ts'
import { get } from '../../../electron/vault/get.ts'
import { put } from '../../../electron/vault/put.ts'
import type { GetResult } from '../../../electron/vault/vault.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { slowProxy, type SlowProxy } from '../../support/slow-proxy.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* A download that is cut off, and what becomes of it when the same get is repeated. */

const bucket = 'resume'
const SIZE = 48 * MiB + 5
const RANGE = 8 * MiB
const MODES: ModeId[] = ['sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c']
let cloud: LocalCloud
let network: SlowProxy
let vault: TestVault
let kmsKey: string
let path: string
let content: Buffer

beforeAll(async () => {
  cloud = await startLocalCloud()
  network = await slowProxy(cloud.endpoint)
  vault = await openTestVault(connectionTo(cloud, { s3: network.url }), true)
  for (const mode of ['sse-c', 'cse-c']) await vault.keys.create({ name: mode })
  kmsKey = (await vault.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  path = join(vault.folder, 'down', 'file')
  content = bytes(SIZE)
  for (const mode of MODES) await store(mode, content)
})

afterAll(async () => {
  await vault.end()
  await network.close()
  await cloud.stop()
})

afterEach(async () => {
  for (const { path } of vault.downloads.strays()) vault.downloads.giveUp(path)
  await rm(join(vault.folder, 'down'), { recursive: true, force: true })
})

async function store(mode: ModeId, content: Buffer, key: string = mode): Promise<void> {
  const source = { size: content.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(content) }
  const options = mode.endsWith('-kms') ? { key: kmsKey } : mode.endsWith('-c') ? { key: mode } : {}
  const { signal } = new AbortController()
  await put(vault, { source, bucket, key, mode, options, overwrite: 'replace' }, { signal })
}

function fetch(key: string, signal = new AbortController().signal, onProgress?: (done: number) => void) {
  return get(vault, { bucket, key, path, options: {}, overwrite: 'refuse' }, { signal, onProgress })
}

/** Gets so much of an object that the sixth range has begun, which waits until the first is written; stops for this reason. */
async function cutOff(key: string, reason: unknown): Promise<unknown> {
  const stop = new AbortController()
  network.limit(200 * MiB)
  const ended = await fetch(key, stop.signal, (done) => {
    if (done > 41 * MiB) stop.abort(reason)
  }).catch((error: unknown) => error)
  network.limit(Infinity)
  return ended
}

async function paused(key: string): Promise<StrayTemporary> {
  expect(await cutOff(key, pausedReason())).toMatchObject({ code: 'PAUSED' })
  const [stray] = vault.downloads.strays()
  if (stray === undefined) throw new Error('nothing was left of it')
  network.passed()
  return stray
}

/** Bytes of the object that came; what else comes with them is far less than a range. */
async function finished(key: string): Promise<{ came: number; got: GetResult }> {
  network.passed()
  const got = await fetch(key)
  expect((await readFile(path)).equals(content)).toBe(true)
  expect(await readdir(join(vault.folder, 'down'))).toEqual(['file'])
  expect(vault.downloads.strays()).toEqual([])
  return { came: network.passed(), got }
}

describe.each(MODES)('%s', (mode) => {
  test('a paused download goes on where it stood, and what was there is not fetched again', async () => {
    const stray = await paused(mode)
    expect(stray.done).toBeGreaterThanOrEqual(RANGE)
    expect(await readdir(join(vault.folder, 'down'))).toHaveLength(1)
    expect((await stat(stray.temporary)).mode & 0o777).toBe(0o600)

    const { came, got } = await finished(mode)
    expect(came).toBeLessThan(SIZE - stray.done + RANGE / 8)
    expect(got.bytes).toBe(SIZE)
  })
})

test.for(['sse-s3', 'cse-c'])(
  '%s: a temporary of which one byte was changed is thrown away, and the download starts over',
  async (mode) => {
    const { temporary } = await paused(mode)
    const changed = await readFile(temporary)
    changed.writeUInt8(changed.readUInt8(1_000_000) ^ 1, 1_000_000)
    await writeFile(temporary, changed)
    const { came } = await finished(mode)
    expect(came).toBeGreaterThan(SIZE)
  },
)

test('a cancelled download leaves nothing', async () => {
  expect(await cutOff('cse-c', undefined)).toMatchObject({ code: 'CANCELLED' })
  expect(vault.downloads.strays()).toEqual([])
  expect(await readdir(join(vault.folder, 'down'))).toEqual([])
})

test('an object that was replaced meanwhile starts over', async () => {
  await store('cse-c', bytes(SIZE), 'moving')
  const { temporary } = await paused('moving')
  await store('cse-c', content, 'moving')
  const { came } = await finished('moving')
  expect(came).toBeGreaterThan(SIZE)
  await expect(stat(temporary)).rejects.toMatchObject({ code: 'ENOENT' })
})

test.for(['sse-s3', 'cse-c'])(
  '%s: a temporary that is gone, short, or somebody’s link is not gone on with',
  async (mode) => {
    const first = await paused(mode)
    await rm(first.temporary)
    await finished(mode)
    await rm(path)

    const second = await paused(mode)
    await truncate(second.temporary, second.done - 1)
    await finished(mode)
    await rm(path)

    const third = await paused(mode)
    const elsewhere = join(vault.folder, 'elsewhere')
    await rename(third.temporary, elsewhere)
    await symlink(elsewhere, third.temporary)
    const before = await readFile(elsewhere)
    await finished(mode)
    expect((await readFile(elsewhere)).equals(before)).toBe(true)
  },
)

test('two gets to one path at once: one of them wins, and the loser leaves nothing', async () => {
  const ended = await Promise.allSettled([fetch('cse-c'), fetch('cse-c')])
  expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(ended.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(await readdir(join(vault.folder, 'down'))).toEqual(['file'])
  expect(vault.downloads.strays()).toEqual([])
})

test('one that is paused again before anything came keeps what it had', async () => {
  const { done } = await paused('cse-c')
  await expect(fetch('cse-c', AbortSignal.abort(pausedReason()))).rejects.toMatchObject({ code: 'PAUSED' })
  expect(vault.downloads.strays()).toMatchObject([{ done }])
  await finished('cse-c')
})
