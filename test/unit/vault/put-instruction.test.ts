import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { TestedBehaviour } from '../../../electron/cloud/behaviour.ts'
import type { ModeOptions } from '../../../electron/modes/mode.ts'
import { get } from '../../../electron/vault/get.ts'
import { put } from '../../../electron/vault/put.ts'
import { startLyingServer, type LyingServer } from '../../support/lying-s3.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* Envelopes in instruction files, as Amazon's clients read them. */

const { signal } = new AbortController()
const bucket = 'box'
let server: LyingServer
let vault: TestVault
let files = 0

beforeAll(async () => {
  server = await startLyingServer()
  vault = await openTestVault(server.connection)
  await vault.keys.create({ name: 'mine' })
})
afterEach(() => {
  server.lies = {}
  server.objects.clear()
})
afterAll(async () => {
  await vault.end()
  await server.close()
})

interface Wish {
  key?: string
  size?: number
  options?: ModeOptions
  overwrite?: 'refuse' | 'replace'
  tested?: TestedBehaviour
}

async function putOne({ key = `file-${++files}`, size = 1_000, options, overwrite = 'refuse', tested }: Wish) {
  const content = bytes(size)
  const source = { size, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
  const its = { ...vault, server: { ...vault.server, tested } }
  const request = { source, bucket, key, mode: 'cse-c', options: { key: 'mine', ...options }, overwrite } as const
  await put(its, request, { signal })
  return { key, content }
}

async function getBack(key: string, options: ModeOptions = {}): Promise<Buffer> {
  const path = join(vault.folder, `out-${++files}`)
  await get(vault, { bucket, key, path, options, overwrite: 'refuse' }, { signal })
  return readFile(path)
}

function envelopeOn(key: string): string[] {
  const names = Object.keys(server.at(`box/${key}`)?.headers ?? {})
  return names.filter((name) => name.startsWith('x-amz-meta-x-amz-')).map((name) => name.slice('x-amz-meta-'.length))
}

function envelopeBeside(key: string): string[] {
  return Object.keys(JSON.parse(server.at(`box/${key}.instruction`)?.body.toString() ?? '{}') as object)
}

test.for([1_000, 8 * MiB + 1])(
  'V3, %i bytes: what the wrapping key does not change stays on the object',
  async (size) => {
    const { key, content } = await putOne({ size, options: { envelope: 'instruction' } })
    expect(envelopeOn(key).sort()).toEqual(['x-amz-c', 'x-amz-d', 'x-amz-i'])
    expect(envelopeBeside(key).sort()).toEqual(['x-amz-3', 'x-amz-m', 'x-amz-w'])
    expect((await getBack(key)).equals(content)).toBe(true)
    vault.catalog.forget('test', bucket, key)
    expect((await getBack(key)).equals(content)).toBe(true)
  },
)

test('V2: all of it is in the file, which nobody has to allow where the envelope is remembered', async () => {
  const { key, content } = await putOne({ options: { envelope: 'instruction', format: 'v2' } })
  expect(envelopeOn(key)).toEqual([])
  expect(envelopeBeside(key)).toContain('x-amz-key-v2')
  expect((await getBack(key)).equals(content)).toBe(true)
  vault.catalog.forget('test', bucket, key)
  await expect(getBack(key)).rejects.toMatchObject({ code: 'LEGACY_NOT_ALLOWED' })
  expect((await getBack(key, { allowLegacy: true })).equals(content)).toBe(true)
})

test('where the place is known to lose metadata the file is written without being asked for', async () => {
  server.lies = { dropsMetadata: true }
  const { key, content } = await putOne({ tested: { keepsMetadata: false } })
  expect(envelopeBeside(key)).toContain('x-amz-key-v2')
  expect((await getBack(key)).equals(content)).toBe(true)
  vault.catalog.forget('test', bucket, key)
  expect((await getBack(key, { allowLegacy: true })).equals(content)).toBe(true)
})

test('an object that cannot be read with its file does not stay, and neither does the file', async () => {
  server.lies = { dropsMetadata: true }
  await expect(putOne({ options: { envelope: 'instruction' } })).rejects.toMatchObject({ code: 'INTEGRITY' })
  expect([...server.objects.keys()]).toEqual([])
})

test('a file of that name that is there already is not overwritten, nor is its object written', async () => {
  await putOne({ key: 'taken.instruction' })
  const before = new Map(server.objects)
  await expect(putOne({ key: 'taken', options: { envelope: 'instruction' } })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
  })
  expect(server.objects).toEqual(before)
})

test('replaced with consent, object and file are those of the new content', async () => {
  const { key } = await putOne({ options: { envelope: 'instruction' } })
  const { content } = await putOne({ key, options: { envelope: 'instruction' }, overwrite: 'replace' })
  vault.catalog.forget('test', bucket, key)
  expect((await getBack(key)).equals(content)).toBe(true)
})
