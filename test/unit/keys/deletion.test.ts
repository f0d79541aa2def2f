import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyUses } from '../../../electron/store/key-uses.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { openRekeyRuns } from '../../../electron/store/rekey-runs.ts'
import { openTransferRuns, type TransferOrder } from '../../../electron/store/transfer-runs.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { requireKept } from '../../../electron/vault/transfer-work.ts'
import { testFolder } from '../store/folder.ts'

/* A key is not deleted while something runs that needs it; each process has its own connection to the database. */

async function stage() {
  const home = testFolder()
  const [mine, theirs] = [openDatabase(home), openDatabase(home)]
  onTestFinished(() => {
    theirs.close()
    mine.close()
  })
  const sealed = openSealedFile(join(home, 'keys.age'), () => Promise.resolve('a passphrase for tests'), {
    workFactor: 4,
  })
  await sealed.create()
  const keys = openCustomerKeys(openKeyTable(mine), () => Promise.resolve(sealed), { uses: openKeyUses(mine, home) })
  const { id } = await keys.create({ name: 'mine' })
  return { home, theirs, keys, id, table: openKeyTable(theirs) }
}

const order = (key: string): TransferOrder => ({
  kind: 'put',
  placeRef: 'p',
  place: 'p',
  bucket: 'b',
  sources: ['/file'],
  target: 'k',
  mode: 'cse-c',
  options: { key },
  overwrite: 'refuse',
  remembersMode: false,
  asksSizes: false,
})
const KEY_IN_USE = { code: 'KEY_IN_USE' }

test('while another process puts under it', async () => {
  const { home, theirs, keys, id } = await stage()
  const run = openTransferRuns(theirs, home).begin(order(id))
  expect(await keys.unfinished(id)).toEqual([{ kind: 'put', id: run.id, place: 'p', bucket: 'b', running: true }])
  await expect(keys.delete(id)).rejects.toMatchObject({
    ...KEY_IN_USE,
    message: expect.stringContaining('a put of s3://b') as string,
  })
  expect(await keys.lend(id, 'cse', () => 'there')).toBe('there')
  run[Symbol.dispose]()
  expect(await keys.unfinished(id)).toMatchObject([{ running: false }])
  await keys.delete(id)
  expect(await keys.list()).toEqual([])
})

test('while another process re-keys to it, or uploads under it', async () => {
  const { home, theirs, keys, id } = await stage()
  const rekey = openRekeyRuns(theirs, home).begin({
    place: 'p',
    bucket: 'b',
    key: '',
    under: undefined,
    mode: 'cse-c',
    to: { key: id },
  })
  await expect(keys.delete(id)).rejects.toMatchObject(KEY_IN_USE)
  rekey[Symbol.dispose]()
  const uploads = openUploads(theirs, home)
  const upload = uploads.begin({
    place: 'p',
    bucket: 'b',
    key: 'k',
    path: undefined,
    mode: 'cse-c',
    options: {},
    size: 1,
    mtimeNs: undefined,
    inode: undefined,
    format: 'v3',
    keyId: id,
    metadata: {},
  })
  await expect(keys.delete(id)).rejects.toMatchObject({ message: expect.stringContaining('an upload') as string })
  upload[Symbol.dispose]()
  uploads[Symbol.dispose]()
  expect((await keys.unfinished(id)).map(({ kind, running }) => [kind, running])).toEqual([
    ['rekey', false],
    ['upload', false],
  ])
  await keys.delete(id)
})

test('while another process re-keys what is under it', async () => {
  const { home, theirs, keys, id } = await stage()
  const order = { place: 'p', bucket: undefined, key: '', under: 'mine', mode: 'sse-s3' as const, to: {} }
  using rekey = openRekeyRuns(theirs, home).begin(order)
  await expect(keys.delete(id)).rejects.toMatchObject(KEY_IN_USE)
  expect(await keys.unfinished(id)).toEqual([
    { kind: 'rekey', id: rekey.id, place: 'p', bucket: undefined, running: true },
  ])
})

test('and nothing is begun under one whose deletion has begun, until it is taken in again', async () => {
  const { keys, id, table } = await stage()
  table.startDeleting(id, () => undefined)
  expect(keys.isKept(id)).toBe(false)
  await expect(keys.claim(id, 'cse')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  const { bytes } = await keys.export(id)
  await keys.import(bytes, {})
  expect(await keys.claim(id, 'cse')).toMatchObject({ id })
})

test('a write that ends after its key was deleted says so', async () => {
  const { keys, id, table } = await stage()
  const done = { mode: 'cse-c' as const, keyId: id, bucket: 'b', key: 'k' }
  expect(() => requireKept(keys, done)).not.toThrow()
  table.remove(id)
  expect(() => requireKept(keys, done)).toThrow(expect.objectContaining({ code: 'KEY_NOT_FOUND' }) as Error)
  expect(() => requireKept(keys, { ...done, mode: 'cse-kms', keyId: 'arn' })).not.toThrow()
})
