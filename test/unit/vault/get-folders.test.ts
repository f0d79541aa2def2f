import { lstat, mkdir, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { get } from '../../../electron/vault/get.ts'
import { getAtOnce } from '../../../electron/vault/get-at-once.ts'
import { requireInside } from '../../../electron/transfers/inside.ts'
import { writeDestination } from '../../../electron/transfers/destination.ts'
import { writeDestinationNow } from '../../../electron/transfers/destination-at-once.ts'
import { startOddS3, type OddS3 } from '../../support/odd-s3.ts'
import { openTestVault, type TestVault } from './kit.ts'
import { runItems } from './run-items.ts'

const watch = { signal: new AbortController().signal }

let server: OddS3
let vault: TestVault
let folder: string
let runs = 0

beforeAll(async () => {
  server = await startOddS3()
  vault = await openTestVault(server.connection)
})
afterAll(async () => {
  await vault.end()
  await server.close()
})
beforeEach(async () => {
  server.objects.clear()
  folder = join(vault.folder, `run-${runs++}`)
  await mkdir(folder)
})

const got = (sources: string[], more = {}) =>
  runItems(vault, { kind: 'get', sources, target: join(folder, 'out'), ...more })
const files = async () => (await readdir(join(folder, 'out'), { recursive: true })).sort()

describe('what of a bucket is a folder', () => {
  test('is made where it is empty, and needs no marker where it is not', async () => {
    for (const key of ['d/', 'd/a', 'd/full/', 'd/full/b', 'd/empty/', 'e/deep/'])
      server.put(`box/${key}`, key.endsWith('/') ? '' : 'x')
    expect(await got([''])).toEqual({ done: ['d/a', 'd/empty/', 'd/full/b', 'e/deep/'], failed: {}, skipped: [] })
    expect(await files()).toEqual(['d', 'd/a', 'd/empty', 'd/full', 'd/full/b', 'e', 'e/deep'])
  })

  test('and holds data is told, and comes as a file where it is named exactly', async () => {
    server.put('box/d/report/', 'not a marker')
    server.put('box/d/a')
    expect(await got(['d/'])).toEqual({ done: ['d/a'], failed: { 'd/report/': 'INVALID_INPUT' }, skipped: [] })
    const exact = { exact: true, target: join(folder, 'report.txt') }
    expect(await got(['d/report/'], exact)).toMatchObject({ done: ['d/report/'] })
    expect(await readFile(exact.target, 'utf8')).toBe('not a marker')
  })

  test('and was sealed is a folder once it is known to seal nothing', async () => {
    await vault.keys.create({ name: 'mine' })
    await mkdir(join(folder, 'in', 'empty'), { recursive: true })
    const sealed = { sources: [join(folder, 'in')], target: '', mode: 'cse-c', options: { key: 'mine' } } as const
    expect(await runItems(vault, { ...sealed, kind: 'put', sources: [join(folder, 'in')] })).toMatchObject({
      done: ['in/empty/'],
    })
    expect(server.objects.get('box/in/empty/')?.body).toHaveLength(16)
    expect(await got([''])).toMatchObject({ done: ['in/empty/'] })
    expect((await stat(join(folder, 'out/in/empty'))).isDirectory()).toBe(true)
  })

  test('and has the name of a file that is there is told', async () => {
    server.put('box/d/a/', '')
    await mkdir(join(folder, 'out'))
    await writeFile(join(folder, 'out', 'a'), 'mine')
    expect(await got(['d/'])).toMatchObject({ failed: { 'd/a/': 'LOCAL_IO' } })
    expect(await readFile(join(folder, 'out', 'a'), 'utf8')).toBe('mine')
  })
})

describe('a link inside the folder that things are saved into', () => {
  let outside: string

  beforeEach(async () => {
    outside = join(folder, 'outside')
    await mkdir(join(folder, 'out', 'in'), { recursive: true })
    await mkdir(outside)
    await symlink(outside, join(folder, 'out', 'link'))
    await symlink(outside, join(folder, 'out', 'in', 'link'))
  })

  test.for(['refuse', 'replace'] as const)('is not written through, and told (%s)', async (overwrite) => {
    await writeFile(join(outside, 'there'), 'mine')
    for (const key of ['link/new', 'link/there', 'in/link/new', 'in/ok', 'link/empty/', 'ok'])
      server.put(`box/${key}`, key.endsWith('/') ? '' : 'x')
    expect(await got([''], { overwrite })).toEqual({
      done: ['in/ok', 'ok'],
      failed: Object.fromEntries(
        ['in/link/new', 'link/empty/', 'link/new', 'link/there'].map((key) => [key, 'INVALID_INPUT']),
      ),
      skipped: [],
    })
    expect(await readdir(outside)).toEqual(['there'])
    expect(await readFile(join(outside, 'there'), 'utf8')).toBe('mine')
  })

  test('in the place of a file is replaced by it, not followed', async () => {
    await writeFile(join(outside, 'there'), 'mine')
    await symlink(join(outside, 'there'), join(folder, 'out', 'a'))
    server.put('box/a', 'from the bucket')
    expect(await got([''])).toMatchObject({ failed: { a: 'ALREADY_EXISTS' } })
    expect(await got([''], { overwrite: 'replace' })).toMatchObject({ done: ['a'] })
    expect((await lstat(join(folder, 'out', 'a'))).isFile()).toBe(true)
    expect(await readFile(join(outside, 'there'), 'utf8')).toBe('mine')
  })

  test('is no hindrance where the person has named it', async () => {
    server.put('box/d/a')
    expect(await got(['d/'], { target: join(folder, 'out', 'link') })).toMatchObject({ done: ['d/a'] })
    expect(await got(['d/a'], { target: join(folder, 'out', 'link', 'b') })).toMatchObject({ done: ['d/a'] })
    expect((await readdir(outside)).sort()).toEqual(['a', 'b'])
    expect(await readlink(join(folder, 'out', 'link'))).toBe(outside)
  })

  test('is not written through by the thread for small files either', async () => {
    server.put('box/a')
    const root = join(folder, 'out')
    const path = join(root, 'link', 'a')
    const request = { bucket: 'box', key: 'a', path, root, options: {}, overwrite: 'replace', size: 1 } as const
    await expect(getAtOnce(vault, request, `${path}.part`, watch.signal)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(get(vault, request, watch)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const to = { ...request, mtimeMs: undefined, fileMode: undefined }
    expect(() => writeDestinationNow(to, [Buffer.from('x')], `${path}.part`)).toThrow(/saves nothing through it/)
    expect(await readdir(outside)).toEqual([])
  })

  test('that takes a folder’s place while a file is written into it gets nothing', async () => {
    const root = join(folder, 'out')
    const path = join(root, 'swapped', 'a')
    const to = { path, root, overwrite: 'replace', mtimeMs: undefined, fileMode: undefined } as const
    const writing = writeDestination(to, async (draft) => {
      await draft.write(Buffer.from('x'))
      await rm(join(root, 'swapped'), { recursive: true })
      await symlink(outside, join(root, 'swapped'))
    })
    await expect(writing).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await readdir(outside)).toEqual([])
    expect(await requireInside(root, join(root, 'not', 'there'))).toBeNull()
    expect(await realpath(root)).toBe(root)
  })
})
