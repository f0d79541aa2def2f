import { appendFile, chmod, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileMetadata, fileTimes } from '../../../electron/vault/file-metadata.ts'
import { pulled } from '../../../electron/vault/pulled.ts'
import { pathBelow } from '../../../electron/vault/safe-path.ts'
import { fileSource } from '../../../electron/vault/source.ts'

const { signal } = new AbortController()
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-files-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a file as a source', () => {
  test('says its size, date and permissions, and gives its bytes', async () => {
    const path = join(folder, 'a')
    await writeFile(path, Buffer.alloc(600_000, 7))
    await chmod(path, 0o604)
    await utimes(path, 1_000, 1_000.5)
    const source = await fileSource(path)
    expect(source).toMatchObject({ size: 600_000, mtimeMs: 1_000_500, fileMode: 0o604 })
    let size = 0
    for await (const chunk of source.read(signal)) size += chunk.length
    expect(size).toBe(600_000)
  })

  test.for([
    ['grows', (path: string) => appendFile(path, 'more')],
    ['is rewritten at the same length', (path: string) => writeFile(path, 'other')],
    ['is replaced by another', (path: string) => rm(path).then(() => writeFile(path, 'first'))],
  ] as const)('that %s before it is read is CHANGED_WHILE_READ', async ([, change]) => {
    const path = join(folder, 'a')
    await writeFile(path, 'first')
    await utimes(path, 1_000, 1_000)
    const source = await fileSource(path)
    await change(path)
    const reading = (async () => {
      for await (const chunk of source.read(signal)) expect(chunk.length).toBe(-1)
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CHANGED_WHILE_READ' })
  })

  test('that is written to while it is read is CHANGED_WHILE_READ', async () => {
    const path = join(folder, 'a')
    await writeFile(path, Buffer.alloc(2_000_000))
    await utimes(path, 1_000, 1_000)
    const source = await fileSource(path)
    const reading = (async () => {
      let touched = false
      for await (const chunk of source.read(signal)) {
        if (!touched) await appendFile(path, chunk.subarray(0, 1))
        touched = true
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CHANGED_WHILE_READ' })
  })

  test('a folder is not one, and nothing is FILE_NOT_FOUND', async () => {
    await expect(fileSource(folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(fileSource(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})

describe('a file that says that it is empty', () => {
  // Other systems have no such file without a file system of their own.
  test.runIf(process.platform === 'linux')('and is not is refused', async () => {
    for (const path of ['/proc/version', '/proc/self/pagemap'])
      await expect(fileSource(path)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('and is so is an empty object', async () => {
    await writeFile(join(folder, 'empty'), '')
    const source = await fileSource(join(folder, 'empty'))
    expect(source).toMatchObject({ size: 0, file: { path: join(folder, 'empty') } })
    expect(await Array.fromAsync(source.read(signal))).toEqual([])
  })
})

test('date and permissions survive the way through metadata', () => {
  const source = { size: 0, read: () => pulled(() => Promise.resolve()) }
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 4e12 }), fc.integer({ min: 0, max: 0o777 }), (mtimeMs, fileMode) => {
      expect(fileTimes(fileMetadata({ ...source, mtimeMs, fileMode }))).toEqual({ mtimeMs, fileMode })
    }),
  )
  expect(fileTimes({ mtime: 'soon', mode: 'rw' })).toEqual({ mtimeMs: undefined, fileMode: undefined })
})

test.for([
  ['rclone: octal', { mode: '100750', mtime: '1700000000.5' }, 0o750, 1_700_000_000_500],
  ['rclone: octal with a zero', { mode: '0100664', mtime: '1700000000' }, 0o664, 1_700_000_000_000],
  ['s3fs: decimal', { mode: '33261', mtime: '1700000000', uid: '1000' }, 0o755, 1_700_000_000_000],
  ['s3fs: decimal, for its owner alone', { mode: '33152' }, 0o600, undefined],
  ['s3cmd', { 's3cmd-attrs': 'atime:1/gid:5/mode:33188/mtime:1700000000/uname:a:b' }, 0o644, 1_700_000_000_000],
  ['mc', { 'mc-attrs': 'mode:33152/mtime:1700000000#500000000/uid:0' }, 0o600, 1_700_000_000_500],
  ['a folder of s3fs', { mode: '16877' }, undefined, undefined],
  ['a link', { mode: '120777' }, undefined, undefined],
  ['permissions without a type', { mode: '644' }, undefined, undefined],
  ['a decimal with the type bits of a file beyond those of a mode', { mode: '100644000' }, undefined, undefined],
  [
    'DataSync, which is nobody else',
    { 'file-permissions': '0644', 'file-mtime': '1700000000000ns' },
    undefined,
    undefined,
  ],
  ['milliseconds', { mtime: '1700000000000' }, undefined, undefined],
] as const)('the date and permissions that others keep are theirs: %s', ([, metadata, fileMode, mtimeMs]) => {
  expect(fileTimes(metadata)).toEqual({ fileMode, mtimeMs })
  expect(fileTimes(metadata, new Date(5_000)).mtimeMs).toBe(mtimeMs ?? 5_000)
})

describe('a name from a bucket', () => {
  test.for(['..', '../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a/.', 'nul\0', ''])(
    '%j is refused everywhere',
    (key) => {
      for (const platform of ['linux', 'win32'] as const) {
        expect(() => pathBelow('/to', key, platform)).toThrow(/cannot be the name/)
      }
    },
  )

  test.for([
    'C:/x',
    'C:x',
    'a\\..\\b',
    'CON',
    'aux.txt',
    'com1',
    'a/lpt9.log',
    'end.',
    'end ',
    'a:stream',
    'a?',
    '\u0007',
  ])('%j is refused on Windows', (key) => {
    expect(() => pathBelow('/to', key, 'win32')).toThrow(/cannot be the name/)
  })

  test('never leads out of the folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', ':') }), (key) => {
        let path: string
        try {
          path = pathBelow('/to/here', key, 'linux')
        } catch {
          return
        }
        expect(path.startsWith('/to/here/')).toBe(true)
      }),
    )
  })
})

describe('a producer that is pulled from', () => {
  test('hands over every piece in order and waits until it is taken', async () => {
    const buffer = Buffer.alloc(1)
    const seen: (number | undefined)[] = []
    const pieces = pulled(async (sink) => {
      for (let n = 1; n <= 5; n++) {
        buffer[0] = n
        await sink(buffer)
      }
    })
    for await (const piece of pieces) {
      await Promise.resolve()
      seen.push(piece[0])
    }
    expect(seen).toEqual([1, 2, 3, 4, 5])
  })

  test('its failure comes through, before the first piece and after it', async () => {
    for (const before of [0, 1]) {
      const pieces = pulled(async (sink) => {
        for (let n = 0; n < before; n++) await sink(Buffer.alloc(1))
        throw new Error('broken')
      })
      await expect(
        (async () => {
          for await (const piece of pieces) expect(piece).toHaveLength(1)
        })(),
      ).rejects.toThrow('broken')
    }
  })

  test('does not wait for a consumer that has left', async () => {
    let ended = false
    const pieces = pulled(async (sink) => {
      try {
        for (;;) await sink(Buffer.alloc(1))
      } finally {
        ended = true
      }
    })
    for await (const piece of pieces) {
      expect(piece).toHaveLength(1)
      break
    }
    expect(ended).toBe(true)
  })
})
