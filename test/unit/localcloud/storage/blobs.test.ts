import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { blobPath, openBlobs, type Blobs } from '../../../../electron/localcloud/storage/blobs.ts'
import { openDatabase } from '../../../../electron/localcloud/storage/database.ts'
import { openPieces } from '../../../../electron/localcloud/storage/pieces.ts'
import { reconcileContent, runMark } from '../../../../electron/localcloud/storage/reconcile.ts'
import { openRemovals } from '../../../../electron/localcloud/storage/removals.ts'

const LOG_ID = '0123456789abcdef'.repeat(2)
let folder = ''
let blobs: Blobs
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-blobs-'))
  blobs = openBlobs(folder, runMark(LOG_ID, 7))
})
afterEach(() => rmSync(folder, { recursive: true }))

function blocks(...texts: string[]): () => AsyncGenerator<Buffer[]> {
  return async function* () {
    for (const text of texts) yield await Promise.resolve([Buffer.from(text)])
  }
}
const isThere = (id: string): boolean => existsSync(blobPath(folder, id))
const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))

it('a file can be read before and after it is published', async () => {
  const id = await blobs.write(blocks('one ', 'two'))
  for (const step of [() => Promise.resolve(), () => blobs.publish([id])]) {
    await step()
    const file = await blobs.open(id)
    expect((await file.readFile()).toString()).toBe('one two')
    await file.close()
  }
  expect(files()).toEqual([id])
})

it('a write that fails, and one that is discarded, leave nothing', async () => {
  const failing = async function* (): AsyncGenerator<Buffer[]> {
    yield await Promise.resolve([Buffer.from('half')])
    throw new Error('the client went away')
  }
  await expect(blobs.write(failing)).rejects.toThrow('the client went away')
  await blobs.discard([await blobs.write(blocks('whole'))])
  expect(files()).toEqual([])
})

it('a file that is erased before it is published does not come back', async () => {
  const id = await blobs.write(blocks('short-lived'))
  await Promise.all([blobs.erase([id]), blobs.publish([id])])
  expect(files()).toEqual([])
})

it('what is leased is removed once the last reader is done', async () => {
  const database = openDatabase(join(folder, 's3.db'))
  const removals = openRemovals(database, blobs, 0)
  const id = await blobs.write(blocks('read me'))
  await blobs.publish([id])
  const [first, second] = [removals.lease('object'), removals.lease('object')]
  await database.commit(() => removals.add('object', [id]))
  first()
  first()
  await removals.sweep()
  expect(isThere(id)).toBe(true)
  second()
  await expect.poll(() => isThere(id)).toBe(false)
  removals.stop()
  database.close()
})

it('removed files are kept for their time, unless room is needed', async () => {
  const database = openDatabase(join(folder, 's3.db'))
  const removals = openRemovals(database, blobs, 3_600_000)
  const id = await blobs.write(blocks('old content'))
  await blobs.publish([id])
  await database.commit(() => removals.add('object', [id]))
  await removals.sweep()
  expect(isThere(id)).toBe(true)
  await removals.sweep(true)
  expect(isThere(id)).toBe(false)
  removals.stop()
  database.close()
})

it("a start removes only this log's unfinished writes, names what was committed, and moves the rest to found/", async () => {
  const database = openDatabase(join(folder, 's3.db'))
  const pieces = openPieces(database, { add: () => undefined })
  const later = openBlobs(folder, runMark(LOG_ID, 9))
  const foreign = openBlobs(folder, runMark('fedcba9876543210'.repeat(2), 1))
  const write = (into: Blobs): Promise<string> => into.write(blocks('content'))
  const [named, unfinished, known, unknown] = [
    await write(blobs),
    await write(blobs),
    await write(blobs),
    await write(blobs),
  ]
  const [ahead, strange] = [await write(later), await write(foreign)]
  await blobs.publish([known, unknown])
  await database.commit(() => {
    for (const [number, blob] of [named, known, 'f'.repeat(32)].entries()) {
      const facts = { number, size: 1, etag: '', modifiedMs: 0, checksum: undefined }
      pieces.put('object', { ...facts, blob, sealed: null })
    }
  })
  expect(reconcileContent(folder, database, LOG_ID, 8)).toEqual({ unknown: 3, missing: 1 })
  expect([isThere(named), isThere(known), isThere(unknown)]).toEqual([true, true, false])
  const found = readdirSync(join(folder, 'found')).map((name) => name.slice(0, 32))
  expect(found.sort()).toEqual([unknown, ahead, strange].sort())
  expect(files().some((name) => name.startsWith(unfinished))).toBe(false)
  database.close()
})
