import { chdir, cwd } from 'node:process'
import { mkdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFolder, makeFolderSync } from '../../../electron/base/make-folder.ts'
import { testFolder } from '../store/folder.ts'

const ways = {
  makeFolder,
  makeFolderSync: (path: string, mode?: number) => Promise.resolve().then(() => makeFolderSync(path, mode)),
}

describe.each(Object.entries(ways))('%s', (_name, make) => {
  test('makes all folders that are missing, for whom it is told, and none twice', async () => {
    const path = join(testFolder(), 'a', 'b', 'c')
    await make(path, 0o700)
    await make(path, 0o755)
    expect(statSync(path).isDirectory()).toBe(true)
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  })

  test('takes a link to a folder for a folder, and a file for none', async () => {
    const folder = testFolder()
    mkdirSync(join(folder, 'there'))
    symlinkSync('there', join(folder, 'link'))
    await make(join(folder, 'link'))
    await make(join(folder, 'link', 'below'))
    writeFileSync(join(folder, 'file'), '')
    await expect(make(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(make(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  test.skipIf(process.platform !== 'linux')(
    'fails where no folder can be made, and does not try for ever',
    async () => {
      await expect(make('/proc/coffer/home')).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(make('/proc/self/coffer/home')).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  test.skipIf(process.platform !== 'linux')('fails in a working directory that was removed', async () => {
    const before = cwd()
    const gone = join(testFolder(), 'gone')
    mkdirSync(gone)
    chdir(gone)
    try {
      rmdirSync(gone)
      await expect(make('a/b')).rejects.toMatchObject({ code: 'ENOENT' })
    } finally {
      chdir(before)
    }
  })
})
