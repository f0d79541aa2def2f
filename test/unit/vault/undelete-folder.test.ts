import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refresh } from '../../../electron/vault/refresh.ts'
import { remove } from '../../../electron/vault/remove.ts'
import { undeleteFolder } from '../../../electron/vault/undelete-folder.ts'
import { SERVERS } from '../../support/connections.ts'
import { BELIEVED } from '../../support/moto.ts'
import { bytes } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()

describe.for(SERVERS)('on %s', ([name, start]) => {
  let server: Awaited<ReturnType<typeof start>>
  let vault: TestVault
  let bucket = ''
  let buckets = 0

  beforeAll(async () => {
    server = await start()
    vault = await openTestVault(server.connection, false, BELIEVED)
  })
  afterAll(async () => {
    await vault.end()
    await server.stop()
  })

  async function newBucket(): Promise<void> {
    bucket = `undelete-${buckets++}`
    await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await vault.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  }
  const put = (key: string, size = key.length) =>
    vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes(size) }))
  const list = () => Array.fromAsync(refresh(vault, { bucket, prefix: '', recursive: true }, signal))
  const shown = (prefix: string) =>
    vault.catalog.listing
      .page({ place: 'test', bucket, prefix, sort: 'name', descending: false, offset: 0, limit: 999 })
      .entries.map(({ key, size, etag }) => [key, size, etag])
  const back = (prefix: string) => Array.fromAsync(undeleteFolder(vault, { bucket, prefix }, signal))

  test('a folder comes back whole: the folders in it, what was removed twice, and nothing else', async () => {
    await newBucket()
    for (const key of ['in/a', 'in/b', 'in/deep/c', 'in/deep/d/', 'in/kept', 'inner/e']) await put(key)
    await put('in/a', 50)
    await remove(vault, { bucket, keys: ['in/a', 'in/b', 'in/deep/c', 'in/deep/d/', 'inner/e'] }, signal)
    await vault.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'in/b' }))
    await list()
    expect((await back('in/')).at(-1)).toEqual({ files: 3, bytes: 50 + 4 + 9, looked: 5, done: true })
    // In its folder at once, as S3 has it.
    const known = [...shown(''), ...shown('in/'), ...shown('in/deep/')]
    expect(known.map(([key, size]) => [key, size])).toEqual([
      ['in/', 0],
      ['in/deep/', 0],
      ['in/a', 50],
      ['in/b', 4],
      ['in/kept', 7],
      ['in/deep/c', 9],
    ])
    await list()
    expect([...shown(''), ...shown('in/'), ...shown('in/deep/')]).toEqual(known)
    await expect(back('in/')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  })

  // Moto lists all versions before all markers: over several pages, a key's lines do not come together.
  if (name !== 'moto') {
    test('a folder comes back over many pages, and says how far it is', async () => {
      await newBucket()
      const keys = Array.from({ length: 520 }, (_, at) => `f/k${String(at).padStart(4, '0')}`)
      for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key) => put(key, 1)))
      await remove(vault, { bucket, keys }, signal)
      const steps = await back('')
      expect(steps.length).toBeGreaterThan(2)
      expect(steps.map(({ files }) => files)).toEqual(steps.map(({ looked }) => looked))
      expect(steps.at(-1)).toEqual({ files: 520, bytes: 520, looked: 520, done: true })
      await list()
      expect(shown('f/')).toHaveLength(520)
    })
  }
})
