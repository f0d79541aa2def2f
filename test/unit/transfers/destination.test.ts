import { lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeDestination, type Destination } from '../../../electron/transfers/destination.ts'
import { writeDestinationNow } from '../../../electron/transfers/destination-at-once.ts'
import type { Draft } from '../../../electron/transfers/draft.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-destination-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function at(name: string, more: Partial<Destination> = {}): Destination {
  return { path: join(folder, name), overwrite: 'refuse', mtimeMs: undefined, fileMode: undefined, ...more }
}

const say = (text: string) => (draft: Draft) => draft.write(Buffer.from(text))

test('the file stands at its path, with its date and permissions, and nothing beside it', async () => {
  await writeDestination(at('deep/er/a.txt', { mtimeMs: 1_500_000_000_250, fileMode: 0o640 }), say('hello'))
  const path = join(folder, 'deep/er/a.txt')
  expect(await readFile(path, 'utf8')).toBe('hello')
  const { mode, mtimeMs } = await stat(path)
  expect(mode & 0o777).toBe(0o640)
  expect(Math.round(mtimeMs)).toBe(1_500_000_000_250)
  expect(await readdir(join(folder, 'deep/er'))).toEqual(['a.txt'])
})

test('a date before 1970 is that date, by both ways to write', async () => {
  await writeDestination(at('old', { mtimeMs: -86_400_000 }), say('x'))
  writeDestinationNow(at('old too', { mtimeMs: -86_400_000 }), [Buffer.from('x')], join(folder, 'temporary'))
  for (const name of ['old', 'old too']) expect((await stat(join(folder, name))).mtimeMs, name).toBe(-86_400_000)
})

test('while it is written it is nobody else’s to read', async () => {
  await writeDestination(at('secret', { fileMode: 0o644 }), async (draft) => {
    await draft.write(Buffer.from('x'))
    const [temporary] = await readdir(folder)
    expect(temporary).toMatch(/^\.coffer-[0-9a-f]{16}\.part$/)
    expect((await stat(join(folder, temporary ?? ''))).mode & 0o777).toBe(0o600)
  })
})

test('permissions from a bucket never make a file writable for everyone, or setuid', async () => {
  await writeDestination(at('wide', { fileMode: 0o6777 }), say('x'))
  expect((await stat(join(folder, 'wide'))).mode & 0o7777).toBe(0o775)
})

test('a file that is there is refused before anything is fetched, and kept', async () => {
  await writeFile(join(folder, 'old'), 'old')
  let called = false
  const writing = writeDestination(at('old'), () => {
    called = true
    return Promise.resolve()
  })
  await expect(writing).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(called).toBe(false)
  expect(await readFile(join(folder, 'old'), 'utf8')).toBe('old')
})

test('a dangling link counts as taken', async () => {
  await symlink(join(folder, 'nowhere'), join(folder, 'link'))
  await expect(writeDestination(at('link'), say('x'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true)
})

test('a file that appears meanwhile is not overwritten, and no temporary stays', async () => {
  const writing = writeDestination(at('race'), async (draft) => {
    await draft.write(Buffer.from('ours'))
    await writeFile(join(folder, 'race'), 'theirs')
  })
  await expect(writing).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(await readFile(join(folder, 'race'), 'utf8')).toBe('theirs')
  expect(await readdir(folder)).toEqual(['race'])
})

test('with consent the old file is replaced; if the new one fails, the old one stays', async () => {
  await writeFile(join(folder, 'file'), 'old')
  const failing = writeDestination(at('file', { overwrite: 'replace' }), async (draft) => {
    await draft.write(Buffer.from('half'))
    throw new Error('broken')
  })
  await expect(failing).rejects.toThrow()
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old')
  await writeDestination(at('file', { overwrite: 'replace' }), say('new'))
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new')
  expect(await readdir(folder)).toEqual(['file'])
})

test('a folder at the path is not replaced', async () => {
  await expect(writeDestination(at('.', { overwrite: 'replace' }), say('x'))).rejects.toMatchObject({
    name: 'CofferError',
  })
})
