import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openBlobs, type Blobs } from '../../../../electron/localcloud/storage/blobs.ts'

let folder = ''
let blobs: Blobs
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-blobs-'))
  blobs = openBlobs(folder)
})
afterEach(() => rmSync(folder, { recursive: true }))

async function* blocks(...texts: string[]): AsyncGenerator<Buffer[]> {
  for (const text of texts) yield await Promise.resolve([Buffer.from(text)])
}
const pathOf = (id: string) => join(folder, 'objects', id.slice(0, 2), id)

it('a file is there whole, and nothing temporary is left', async () => {
  const id = await blobs.write(blocks('one ', 'two'))
  const file = await blobs.open(id)
  expect((await file.readFile()).toString()).toBe('one two')
  await file.close()
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
})

it('a write that fails leaves nothing', async () => {
  async function* failing(): AsyncGenerator<Buffer[]> {
    yield* blocks('half')
    throw new Error('the client went away')
  }
  await expect(blobs.write(failing())).rejects.toThrow('the client went away')
  const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(left).toEqual([])
})

it('what is leased is removed once the last reader is done', async () => {
  const id = await blobs.write(blocks('read me'))
  const [first, second] = [blobs.lease('object'), blobs.lease('object')]
  blobs.remove('object', [id])
  first()
  first()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(existsSync(pathOf(id))).toBe(true)
  second()
  await expect.poll(() => existsSync(pathOf(id))).toBe(false)
})

it('recovery removes what no row names', async () => {
  const [kept, orphan] = [await blobs.write(blocks('kept')), await blobs.write(blocks('orphan'))]
  blobs.recover((id) => id === kept)
  expect([existsSync(pathOf(kept)), existsSync(pathOf(orphan))]).toEqual([true, false])
})
