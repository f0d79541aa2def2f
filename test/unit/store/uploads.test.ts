import { readdirSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../electron/store/database.ts'
import { openUploads, type NewUpload, type Uploads } from '../../../electron/store/uploads.ts'
import { testFolder } from './folder.ts'

/** The journal as one process has it. `die`: it ends without letting go of anything. */
function journal(folder: string): Uploads & { die(): void } {
  const db = openDatabase(folder)
  const uploads = openUploads(db, folder)
  const die = () => {
    uploads[Symbol.dispose]()
    if (db.isOpen) db.close()
  }
  onTestFinished(die)
  return { ...uploads, die }
}

const upload: NewUpload & { path: string } = {
  place: 'here',
  bucket: 'b',
  key: 'k',
  path: '/a/file',
  mode: 'cse-kms',
  options: { key: 'alias/a', encryptionContext: { one: '1', two: '2' } },
  size: 100,
  mtimeNs: 1_700_000_000_123_456_789n,
  inode: 2n ** 63n,
  format: 'v3',
  keyId: 'arn',
  metadata: { 'x-amz-3': 'wrapped' },
}
const opened = { uploadId: 'id', bytesAPart: 60, serverSideEncryption: 'AES256' }
const sha256 = Buffer.alloc(32, 7)

test('what was written down is there for the next process, to the last digit', async () => {
  const folder = testFolder()
  const first = journal(folder)
  const held = first.begin(upload)
  held.opened(opened)
  await held.attempted({ number: 1, size: 60, sha256 }, true)
  held.acknowledged({ number: 1, etag: '"e"' })
  await held.attempted({ number: 2, size: 56, sha256 }, false)
  first.die()
  const [taken, ...more] = journal(folder).takeUp(upload)
  expect(more).toEqual([])
  const kept = { ...upload, options: undefined, opened, acknowledged: 60 }
  expect({ ...taken?.saved, options: undefined }).toMatchObject(kept)
  expect([...(taken?.parts() ?? [])]).toEqual([
    [1, { size: 60, sha256, etag: '"e"' }],
    [2, { size: 56, sha256, etag: undefined }],
  ])
})

test('an upload is taken up by one at a time, and not while its process lives', () => {
  const folder = testFolder()
  const [one, other] = [journal(folder), journal(folder)]
  const held = one.begin(upload)
  const { id } = held.saved
  for (const each of [one, other]) {
    expect(each.takeUp(upload)).toEqual([])
    expect(each.take(id)).toBeNull()
    expect(each.left()).toEqual([])
  }
  held[Symbol.dispose]()
  expect(other.left().map((saved) => saved.id)).toEqual([id])
  const taken = other.take(id)
  expect(taken?.saved.id).toBe(id)
  held[Symbol.dispose]()
  expect(one.takeUp(upload), 'letting go twice lets go of nobody else’s').toEqual([])
  other.die()
  expect(one.takeUp(upload).length).toBe(1)
})

test('the same again is the same file, key, mode and options, in whatever order they are said', () => {
  const uploads = journal(testFolder())
  uploads.begin(upload)[Symbol.dispose]()
  const { options } = upload
  for (const other of [
    { place: 'there' },
    { bucket: 'c' },
    { key: 'l' },
    { path: '/b/file' },
    { mode: 'cse-c' as const },
    { options: { key: 'alias/b', encryptionContext: { one: '1', two: '2' } } },
    { options: { ...options, encryptionContext: { one: '1' } } },
  ])
    expect(uploads.takeUp({ ...upload, ...other })).toEqual([])
  const said = { format: undefined, encryptionContext: { two: '2', one: '1' }, key: 'alias/a' }
  expect(uploads.takeUp({ ...upload, options: said }).length).toBe(1)
})

test('what came as a stream is left, but not taken up as a file; what is dropped is gone, with its parts', async () => {
  const uploads = journal(testFolder())
  const held = uploads.begin({ ...upload, path: undefined, mtimeNs: undefined, inode: undefined })
  await held.attempted({ number: 1, size: 60, sha256 }, true)
  held[Symbol.dispose]()
  expect(uploads.takeUp(upload)).toEqual([])
  expect(uploads.left('here', 'b').length).toBe(1)
  expect([...uploads.left('there'), ...uploads.left('here', 'c')]).toEqual([])
  const taken = uploads.take(held.saved.id)
  taken?.drop()
  expect(taken?.parts().size).toBe(0)
  taken?.[Symbol.dispose]()
  expect(uploads.left()).toEqual([])
})

test('no lock file of the living or the dead is left behind', () => {
  const folder = testFolder()
  const first = journal(folder)
  first.begin(upload)
  const locks = () => readdirSync(folder).filter((name) => name.endsWith('.lock'))
  expect(locks().length).toBe(1)
  first.die()
  const second = journal(folder)
  for (const held of second.takeUp(upload)) held.drop()
  second.die()
  expect(locks()).toEqual([])
})
