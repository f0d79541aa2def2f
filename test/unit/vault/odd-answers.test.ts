import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get } from '../../../electron/vault/get.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { noise } from '../../support/files.ts'
import { startOddS3, type OddS3 } from '../../support/odd-s3.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()
/** More than comes by one GET. */
const LARGE = 9 * 1024 * 1024

let server: OddS3
let vault: TestVault

beforeAll(async () => {
  server = await startOddS3()
  vault = await openTestVault(server.connection)
  server.put('box/large', noise(LARGE, 'large'))
  server.put('box/small', 'small')
  server.put('box/empty', '')
})
afterAll(async () => {
  await vault.end()
  await server.close()
})

function saved(key: string): Promise<Buffer> {
  const path = join(vault.folder, `got-${key}`)
  return get(vault, { bucket: 'box', key, path, options: {}, overwrite: 'replace' }, { signal }).then(() =>
    readFile(path),
  )
}

test('where HEAD does not say the size of an object, it is learned from a GET of one byte', async () => {
  server.odd.hidesSize = true
  try {
    for (const key of ['large', 'small', 'empty'])
      expect((await saved(key)).equals(server.objects.get(`box/${key}`)?.body ?? Buffer.of(0)), key).toBe(true)
    const { storedBytes } = await inspect(vault, { bucket: 'box', key: 'large', options: {} }, signal)
    expect(storedBytes).toBe(LARGE)
    server.odd.ignoresRange = true
    expect((await saved('small')).toString()).toBe('small')
  } finally {
    server.odd.hidesSize = false
    server.odd.ignoresRange = false
  }
})

test('a server that gives all of an object where a part is asked for is told, and nothing is saved', async () => {
  server.odd.ignoresRange = true
  try {
    await expect(saved('large')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('Range') as string,
    })
    expect((await saved('small')).toString()).toBe('small')
  } finally {
    server.odd.ignoresRange = false
  }
})
