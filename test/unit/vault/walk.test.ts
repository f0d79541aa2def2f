import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { walk, type WalkOptions } from '../../../electron/vault/walk.ts'

let top: string

beforeEach(async () => {
  top = join(await mkdtemp(join(tmpdir(), 'coffer-walk-')), 'top')
  await mkdir(join(top, 'sub'), { recursive: true })
})
afterEach(() => rm(join(top, '..'), { recursive: true, force: true }))

async function found(path: string, options?: WalkOptions): Promise<string[]> {
  const all = await Array.fromAsync(walk(path, options))
  return all.map((entry) => {
    if ('skipped' in entry)
      return `skipped ${entry.skipped.slice(top.length + 1)}${entry.isOwn === true ? ' (own)' : ''}`
    return 'failed' in entry ? `${entry.failed.code} ${entry.relativeKey}` : entry.relativeKey
  })
}

test('a folder keeps its name and structure, and an empty one in it is a key that ends with /', async () => {
  await mkdir(join(top, 'sub/empty'))
  for (const name of ['b', 'a', 'sub/c d', '.coffer-0123456789abcdef.part']) await writeFile(join(top, name), '')
  const part = 'skipped .coffer-0123456789abcdef.part (own)'
  expect(await found(top)).toEqual([part, 'top/a', 'top/b', 'top/sub/c d', 'top/sub/empty/'])
  expect(await found(join(top, 'sub/empty'))).toEqual(['empty/'])
  // Whoever names it means it.
  expect(await found(join(top, '.coffer-0123456789abcdef.part'))).toEqual(['.coffer-0123456789abcdef.part'])
})

describe('a link', () => {
  test('that is named is followed, and one inside a folder is left out and told', async () => {
    await writeFile(join(top, 'sub/file'), 'x')
    await symlink('sub', join(top, 'link'))
    await symlink('sub/file', join(top, 'to-file'))
    expect(await found(top)).toEqual(['skipped link', 'top/sub/file', 'skipped to-file'])
    expect(await found(join(top, 'link'))).toEqual(['link/file'])
    expect(await found(`${join(top, 'link')}/`)).toEqual(['link/file'])
    expect(await found(join(top, 'to-file'))).toEqual(['to-file'])
    expect(await found(top, { followLinks: true })).toEqual(['top/link/file', 'top/sub/file', 'top/to-file'])
  })

  test('that leads nowhere, or round in circles, is told and ends', async () => {
    await symlink('nowhere', join(top, 'broken'))
    await symlink('self', join(top, 'self'))
    await symlink('..', join(top, 'sub/up'))
    await symlink('../sub', join(top, 'sub/again'))
    await symlink('sub', join(top, 'twice'))
    expect(await found(top, { followLinks: true })).toEqual([
      'FILE_NOT_FOUND top/broken',
      'FILE_NOT_FOUND top/self',
      'skipped sub/again',
      'skipped sub/up',
      'skipped twice/again',
      'skipped twice/up',
    ])
    await expect(found(join(top, 'broken'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(found(join(top, 'self'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})

test.runIf(process.platform !== 'win32')(
  'pipes, sockets and devices are told, and fail where they are named',
  async () => {
    await promisify(execFile)('mkfifo', [join(top, 'pipe')])
    const server = createServer().listen(join(top, 'socket'))
    await once(server, 'listening')
    try {
      await symlink('/dev/null', join(top, 'null'))
      const all = ['skipped null', 'skipped pipe', 'skipped socket', 'top/sub/']
      expect(await found(top)).toEqual(all)
      expect(await found(top, { followLinks: true })).toEqual(all)
      for (const name of ['pipe', 'socket', 'null'])
        await expect(found(join(top, name))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    } finally {
      server.close()
    }
  },
)

test('a folder that cannot be read fails, and the others go on', async () => {
  await writeFile(join(top, 'a'), 'x')
  await writeFile(join(top, 'z'), 'x')
  const seen: string[] = []
  for await (const entry of walk(top)) {
    // Its name has been read, and it is gone.
    await rm(join(top, 'sub'), { recursive: true, force: true })
    seen.push(
      'failed' in entry ? `${entry.failed.code} ${entry.relativeKey}` : 'path' in entry ? entry.relativeKey : '?',
    )
  }
  expect(seen).toEqual(['top/a', 'FILE_NOT_FOUND top/sub/', 'top/z'])
})
