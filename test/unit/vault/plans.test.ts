import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planGet } from '../../../electron/vault/get-plan.ts'
import { planPut } from '../../../electron/vault/put-plan.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-plans-'))
  await mkdir(join(folder, 'album', 'spring'), { recursive: true })
  await writeFile(join(folder, 'a.txt'), 'a')
  await writeFile(join(folder, 'b.txt'), 'bb')
  await writeFile(join(folder, 'album', 'one.jpg'), '1')
  await writeFile(join(folder, 'album', 'spring', 'two.jpg'), '22')
  await symlink(join(folder, 'a.txt'), join(folder, 'album', 'link'))
})
afterAll(() => rm(folder, { recursive: true }))

async function keysOf(paths: string[], key: string): Promise<string[]> {
  const found = await Array.fromAsync(
    planPut(
      paths.map((path) => join(folder, path)),
      'bucket',
      key,
    ),
  )
  return found.map((task) => ('skipped' in task ? `skipped ${task.why}` : 'failed' in task ? 'failed' : task.key))
}

describe('where files go in a bucket', () => {
  it('one file and a key that does not end with / is exactly that key', async () => {
    expect(await keysOf(['a.txt'], 'notes/letter')).toEqual(['notes/letter'])
  })
  it('one file and a key that ends with / keeps its name below it', async () => {
    expect(await keysOf(['a.txt'], 'notes/')).toEqual(['notes/a.txt'])
  })
  it('one file and no key keeps its name', async () => {
    expect(await keysOf(['a.txt'], '')).toEqual(['a.txt'])
  })
  it('several files take the key as a folder, with or without /', async () => {
    expect(await keysOf(['a.txt', 'b.txt'], 'notes')).toEqual(['notes/a.txt', 'notes/b.txt'])
    expect(await keysOf(['a.txt', 'b.txt'], 'notes/')).toEqual(['notes/a.txt', 'notes/b.txt'])
  })
  it('a folder keeps its name and its structure, and a symbolic link in it is left out and said so', async () => {
    const keys = await keysOf(['album'], 'photos/')
    expect(keys.filter((key) => key.startsWith('photos/')).sort()).toEqual([
      'photos/album/one.jpg',
      'photos/album/spring/two.jpg',
    ])
    expect(keys.filter((key) => key.startsWith('skipped'))).toHaveLength(1)
  })
  it('a path that is not there fails alone, and the others go on', async () => {
    expect(await keysOf(['missing', 'a.txt'], '')).toEqual(['failed', 'a.txt'])
  })
  it('two files that would be one object are no two, and the first of them goes', async () => {
    await mkdir(join(folder, 'other', 'album', 'spring'), { recursive: true })
    await writeFile(join(folder, 'other', 'album', 'spring', 'two.jpg'), 'another')
    await writeFile(join(folder, 'other', 'album', 'three.jpg'), '3')
    await writeFile(join(folder, 'other', 'a.txt'), 'another')
    const keys = await keysOf(['a.txt', 'other/a.txt', 'album', 'other/album', 'a.txt'], '')
    expect(keys.filter((key) => key === 'failed')).toHaveLength(2)
    expect(new Set(keys)).toEqual(
      new Set([
        'a.txt',
        'failed',
        'album/one.jpg',
        'album/spring/two.jpg',
        'album/three.jpg',
        keys.find((key) => key.startsWith('skipped')),
      ]),
    )
    const [, second] = await Array.fromAsync(
      planPut(
        ['a.txt', 'other/a.txt'].map((path) => join(folder, path)),
        'b',
        '',
      ),
    )
    expect(second).toMatchObject({ failed: { code: 'ALREADY_EXISTS' } })
  })
  it('a link that is named is what it leads to', async () => {
    await symlink(join(folder, 'album'), join(folder, 'linked'))
    expect(await keysOf(['album/link'], 'exactly')).toEqual(['exactly'])
    expect(await keysOf(['linked'], '')).toContain('linked/spring/two.jpg')
  })
  it('tells the size of each file', async () => {
    const [task] = await Array.fromAsync(planPut([join(folder, 'b.txt')], 'bucket', ''))
    expect(task).toMatchObject({ bytes: 2, bucket: 'bucket' })
  })
})

async function pathsOf(keys: string[], from: string | null, to: string, platform?: NodeJS.Platform): Promise<string[]> {
  const objects = async function* () {
    await Promise.resolve()
    for (const key of keys) yield { name: key, bucket: 'bucket', key, bytes: 1 }
  }
  const found = await Array.fromAsync(planGet(objects(), from, to, platform))
  return found.map((task) => ('path' in task ? task.path : 'refused'))
}

describe('where objects go on disk', () => {
  it('one object goes to exactly the file that is named', async () => {
    expect(await pathsOf(['notes/letter.pdf'], null, join(folder, 'copy.pdf'))).toEqual([join(folder, 'copy.pdf')])
  })
  it('one object goes under its last name into a folder that is there', async () => {
    expect(await pathsOf(['notes/letter.pdf'], null, folder)).toEqual([join(folder, 'letter.pdf')])
  })
  it('one object goes under its last name into what ends with a separator', async () => {
    expect(await pathsOf(['letter.pdf'], null, 'new/')).toEqual([join('new', 'letter.pdf')])
  })
  it('everything below a key keeps its structure', async () => {
    expect(await pathsOf(['p/a', 'p/b/c'], 'p/', 'out')).toEqual([join('out', 'a'), join('out', 'b', 'c')])
  })
  it('a key that ends with / is a folder, and the one that was asked for is the folder itself', async () => {
    expect(await pathsOf(['p/', 'p/a/', 'p//'], 'p/', 'out')).toEqual(['out', join('out', 'a'), 'refused'])
  })
  it('a whole bucket keeps its structure', async () => {
    expect(await pathsOf(['a', 'b/c'], '', 'out')).toEqual([join('out', 'a'), join('out', 'b', 'c')])
  })
  it('a key that would leave the folder is refused alone, and the others go on', async () => {
    const keys = ['p/../../etc/passwd', 'p//etc/passwd', 'p/./x', 'p/..', 'p/a\0b', 'p/good']
    expect(await pathsOf(keys, 'p/', 'out')).toEqual([...Array<string>(5).fill('refused'), join('out', 'good')])
  })
  it('the last name of one object is refused too if it is no name', async () => {
    expect(await pathsOf(['x/..'], null, 'new/')).toEqual(['refused'])
  })
  it.each(['win32', 'darwin'] as const)(
    'the second of two keys that are one file on %s is refused',
    async (platform) => {
      const keys = ['p/Letter', 'p/letter', 'p/caf\u00e9', 'p/cafe\u0301', 'p/other']
      const expected = ['Letter', '', 'caf\u00e9', '', 'other'].map((name) =>
        name === '' ? 'refused' : join('out', name),
      )
      expect(await pathsOf(keys, 'p/', 'out', platform)).toEqual(expected)
      expect(await pathsOf(keys, 'p/', 'out', 'linux')).not.toContain('refused')
    },
  )
})
