import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { details } from '../../../electron/vault/details.ts'
import { listFolder } from '../../../electron/vault/list.ts'
import { preview } from '../../../electron/vault/preview.ts'
import { put } from '../../../electron/vault/put.ts'
import { refresh } from '../../../electron/vault/refresh.ts'
import { rekey } from '../../../electron/vault/rekey.ts'
import { remove } from '../../../electron/vault/remove.ts'
import { removedIn } from '../../../electron/vault/removed.ts'
import { removeVersion, undelete, versionsOf } from '../../../electron/vault/versions.ts'
import type { Vault } from '../../../electron/vault/vault.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { SERVERS } from '../../support/connections.ts'
import { BELIEVED } from '../../support/moto.ts'
import { bytes, chunksOf } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()
const watch = { signal }

describe.for(SERVERS)('on %s', ([name, start]) => {
  const pageSize = name === 'moto' ? 100 : 1_000
  let server: Awaited<ReturnType<typeof start>>
  let vault: TestVault
  let mine: string
  let bucket = ''
  let buckets = 0

  beforeAll(async () => {
    // Moto takes its time to store an object, so its pages are small.
    server = await start({ pageSize })
    vault = await openTestVault(server.connection, false, BELIEVED)
    mine = (await vault.keys.create({ name: 'mine' })).id
  })
  afterAll(async () => {
    await vault.end()
    await server.stop()
  })

  async function newBucket(versioned = false): Promise<void> {
    bucket = `browse-${buckets++}`
    await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    if (versioned) await vault.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  }
  /** Behind Coffer's back. */
  const foreign = (key: string, body: string | Buffer = 'x', more = {}) =>
    vault.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...more }))

  function putBytes(key: string, content: Buffer, mode: ModeId = 'sse-s3', options = {}) {
    const source = { size: content.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(content) }
    return put(vault, { source, bucket, key, mode, options, overwrite: 'replace' }, watch)
  }
  async function list(prefix = '', recursive = true) {
    const events = []
    for await (const event of refresh(vault, { bucket, prefix, recursive }, signal)) events.push(event)
    return events
  }
  const page = (prefix = '') =>
    vault.catalog.listing.page({ place: 'test', bucket, prefix, sort: 'name', descending: false, offset: 0, limit: 99 })
  const keys = (prefix = '') => page(prefix).entries.map(({ key }) => key)

  test('a listing shows what S3 shows, in several pages, and what is gone goes', async () => {
    await newBucket()
    // Moto answers some of these with a page of HTML.
    const controls = name === 'moto' ? [] : ['tab\there/\n']
    const odd = ['plus+and space', 'ümlaut/%41', 'quote"&<>', ...controls]
    const many = Array.from({ length: pageSize + 50 }, (_, at) => `many/${at}`)
    for (let at = 0; at < many.length; at += 50) await Promise.all(many.slice(at, at + 50).map((key) => foreign(key)))
    for (const key of odd) await foreign(key)
    for await (const event of refresh(vault, { bucket, prefix: '', recursive: true }, signal)) {
      expect(event).toEqual({ pages: 1, objects: pageSize, folders: 0, done: false })
      // Nobody wants to know any more.
      break
    }
    expect(page('many/')).toMatchObject({ total: pageSize, complete: false })
    expect((await list()).at(-1)).toEqual({ pages: 2, objects: many.length + odd.length, folders: 0, done: true })
    expect(page('many/')).toMatchObject({ total: many.length, complete: true })
    expect(keys().toSorted()).toEqual(
      ['many/', ...controls.map(() => 'tab\there/'), ...odd.slice(0, 3)].map(top).toSorted(),
    )
    for await (const entry of listFolder(vault, { bucket, prefix: '', recursive: true }, signal)) {
      expect(vault.catalog.listing.find('test', bucket, entry.key)).toEqual(entry)
    }

    await vault.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'many/7' }))
    await foreign('many/new/1')
    await list('many/', false)
    expect(page('many/').total).toBe(many.length)
    expect(keys('many/')).not.toContain('many/7')
    expect(page('many/new/')).toMatchObject({ total: 0, complete: false })
  })

  test('a bucket that is gone is forgotten', async () => {
    await newBucket()
    vault.catalog.listing.stored([
      { place: 'test', bucket: 'no-such-bucket', key: 'k', size: 1, modified: 1, etag: '' },
    ])
    bucket = 'no-such-bucket'
    await expect(list()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
    expect(page()).toMatchObject({ total: 0, complete: false })
  })

  test('what Coffer writes, re-keys and removes shows at once', async () => {
    await newBucket()
    await list()
    const stored = await putBytes('in/a', bytes(100))
    await putBytes('in/b', bytes(200), 'cse-c', { key: mine })
    expect(page('in/')).toMatchObject({
      total: 2,
      complete: true,
      entries: [
        { key: 'in/a', size: 100, etag: stored.etag, mode: 'sse-s3' },
        { key: 'in/b', size: 216, mode: 'cse-c', keyId: mine },
      ],
    })
    await rekey(vault, { bucket, key: 'in/a', mode: 'cse-c', from: {}, to: { key: mine } }, watch)
    expect(page('in/').entries[0]).toMatchObject({ key: 'in/a', size: 116, mode: 'cse-c', keyId: mine })
    expect(page('in/').total).toBe(2)
    await remove(vault, { bucket, keys: ['in/a'] }, signal)
    expect(keys('in/')).toEqual(['in/b'])
    await remove(vault, { bucket, keys: ['in/b', 'not/there'] }, signal)
    expect(keys()).toEqual([])
    await list()
    expect(page()).toMatchObject({ total: 0, complete: true })
  })

  test('details are asked for what is not known, and only then', async () => {
    await newBucket()
    await putBytes('sealed', bytes(9), 'cse-c', { key: mine })
    await foreign('foreign', 'x', { ServerSideEncryption: 'AES256' })
    await list()
    let asked = 0
    const counting: Vault = { ...vault, s3: counted(vault.s3, () => asked++) }
    const first = await details(counting, { bucket, keys: ['foreign', 'sealed', 'gone'] }, signal)
    expect(first).toEqual([
      { key: 'foreign', mode: 'sse-s3', keyId: undefined, error: undefined },
      { key: 'sealed', mode: 'cse-c', keyId: mine, error: undefined },
      { key: 'gone', mode: undefined, keyId: undefined, error: 'OBJECT_NOT_FOUND' },
    ])
    expect(asked).toBeGreaterThan(0)
    asked = 0
    expect(await details(counting, { bucket, keys: ['foreign', 'sealed'] }, signal)).toEqual(first.slice(0, 2))
    expect(asked).toBe(0)
    await foreign('foreign', 'another', { ServerSideEncryption: 'AES256' })
    await list()
    await details(counting, { bucket, keys: ['foreign'] }, signal)
    expect(asked).toBeGreaterThan(0)
  })

  describe('versions', () => {
    test('come newest first, delete markers among them where they belong', async () => {
      await newBucket(true)
      await putBytes('doc', bytes(1))
      await putBytes('doc', bytes(2))
      await remove(vault, { bucket, keys: ['doc'] }, signal)
      await putBytes('doc', bytes(3))
      await remove(vault, { bucket, keys: ['doc'] }, signal)
      await putBytes('doc.other', bytes(4))
      const all = await versionsOf(vault, { bucket, key: 'doc' }, signal)
      const order = all.map(({ kind, size }) => (kind === 'version' ? size : 'x'))
      // Moto lists markers behind versions, and its dates, in seconds, do not tell the rest.
      expect(name === 'moto' ? order[0] : order).toEqual(name === 'moto' ? 'x' : ['x', 3, 'x', 2, 1])
      expect(all.map(({ isLatest }) => isLatest)).toEqual([true, false, false, false, false])
      expect(new Set(all.map(({ id }) => id)).size).toBe(5)
    })

    test('a removed object comes back, and is in its folder at once', async () => {
      await newBucket(true)
      await list()
      const { etag } = await putBytes('a/doc', bytes(7), 'cse-c', { key: mine })
      await remove(vault, { bucket, keys: ['a/doc'] }, signal)
      expect(keys()).toEqual([])
      const [marker, version] = await versionsOf(vault, { bucket, key: 'a/doc' }, signal)
      const name = { bucket, key: 'a/doc' }
      await expect(undelete(vault, { ...name, versionId: version?.id ?? '' }, signal)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      })
      await expect(undelete(vault, { ...name, versionId: 'x'.repeat(32) }, signal)).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
      })
      expect(await undelete(vault, { ...name, versionId: marker?.id ?? '' }, signal)).toBe(true)
      expect(page('a/').entries).toMatchObject([{ key: 'a/doc', size: 23, etag }])
    })

    test('all that hides an object goes, however often it was removed', async () => {
      await newBucket(true)
      await list()
      const { etag } = await putBytes('doc', bytes(7))
      for (let times = 0; times < 3; times++) {
        await vault.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'doc' }))
      }
      await list()
      expect(keys()).toEqual([])
      expect(await undelete(vault, { bucket, key: 'doc' }, signal)).toBe(true)
      expect(page().entries).toMatchObject([{ key: 'doc', size: 7, etag }])
      expect(await versionsOf(vault, { bucket, key: 'doc' }, signal)).toHaveLength(1)
      // What is there already stays.
      expect(await undelete(vault, { bucket, key: 'doc' }, signal)).toBe(true)
      await expect(undelete(vault, { bucket, key: 'never' }, signal)).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
      })
    })

    test('what was removed from a folder is told, and folders in which nothing is left', async () => {
      await newBucket(true)
      for (const key of ['here', 'gone', 'doc', 'in/a', 'in/b', 'old/deep/x', 'kept/y'])
        await putBytes(key, bytes(key.length))
      await putBytes('gone', bytes(20))
      await remove(vault, { bucket, keys: ['gone', 'in/a', 'old/deep/x', 'doc', 'never'] }, signal)
      await putBytes('doc', bytes(3))
      await list('', false)
      const removed = async (prefix = '') =>
        (await Array.fromAsync(removedIn(vault, { bucket, prefix }, signal))).flat()
      const folder = (key: string) => ({ kind: 'folder', key, size: 0, removedAt: undefined })
      const gone = { kind: 'object', key: 'gone', size: 20, removedAt: expect.any(Date) as Date }
      // `never` has nothing that could be brought back. Moto does not name every folder in which all is hidden.
      const named = name !== 'moto'
      expect(await removed()).toEqual([...(named ? [folder('old/')] : []), gone])
      expect(await removed('in/')).toMatchObject([{ key: 'in/a', size: 4 }])
      expect(await removed('old/')).toEqual(named ? [folder('old/deep/')] : [])
      await undelete(vault, { bucket, key: 'old/deep/x' }, signal)
      expect(await removed()).toEqual([gone])
      // Removed from here, and not listed since.
      await list('in/', false)
      await remove(vault, { bucket, keys: ['in/b'] }, signal)
      expect(await removed()).toEqual([folder('in/'), gone])
    })

    // Moto lists all versions before all markers: over several pages, a key's lines do not come together.
    if (name !== 'moto') {
      test('what was removed is told whole, over many pages', async () => {
        await newBucket(true)
        const keys = Array.from({ length: 520 }, (_, at) => `k${String(at).padStart(4, '0')}`)
        for (let at = 0; at < keys.length; at += 50)
          await Promise.all(keys.slice(at, at + 50).map((key) => foreign(key)))
        await remove(vault, { bucket, keys: keys.slice(1) }, signal)
        const found = (await Array.fromAsync(removedIn(vault, { bucket, prefix: '' }, signal))).flat()
        expect(found.map(({ key }) => key)).toEqual(keys.slice(1))
      })
    }

    test('where no versions are kept, nothing can be brought back', async () => {
      await newBucket()
      await putBytes('doc', bytes(1))
      await remove(vault, { bucket, keys: ['doc'] }, signal)
      expect(await Array.fromAsync(removedIn(vault, { bucket, prefix: '' }, signal))).toEqual([])
    })

    test('the newest one that is removed shows the one before, and the last none', async () => {
      await newBucket(true)
      await list()
      const first = await putBytes('doc', bytes(1))
      const second = await putBytes('doc', bytes(2))
      expect(await removeVersion(vault, { bucket, key: 'doc', versionId: second.versionId ?? '' }, signal)).toBe(true)
      expect(page().entries).toMatchObject([{ key: 'doc', size: 1, etag: first.etag }])
      expect(await removeVersion(vault, { bucket, key: 'doc', versionId: first.versionId ?? '' }, signal)).toBe(false)
      expect(page()).toMatchObject({ total: 0, complete: true })
    })
  })

  describe('a preview', () => {
    const show = (key: string, options = {}) => preview(vault, { bucket, key, options }, signal)
    const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), bytes(50_000)])

    beforeAll(() => newBucket())

    test.for(['sse-s3', 'cse-c'] as const)('of %s has the content, what it is, and what proved it', async (mode) => {
      await putBytes(`${mode}.png`, png, mode, mode === 'cse-c' ? { key: mine } : {})
      const shown = await show(`${mode}.png`)
      expect(shown).toMatchObject({ kind: 'image', mediaType: 'image/png', mode })
      expect(shown.proof).toBe(mode === 'cse-c' ? 'tag' : 'checksum')
      expect(shown.bytes.equals(png)).toBe(true)
    })

    test('tells what happened to the key, and so does what was verified', async () => {
      const { etag } = await putBytes('told.txt', Buffer.from('told'), 'cse-c', { key: mine })
      const state = { place: 'test', bucket, key: 'told.txt', etag }
      expect(vault.lastReads.of(state)).toBeNull()
      const { journey } = await show('told.txt')
      const acts = journey.map(({ act }) => act)
      expect(acts).toEqual(expect.arrayContaining(['fetch', 'unwrap-data-key', 'decrypt', 'verify-tag', 'forget']))
      expect(vault.lastReads.of(state)?.journey).toEqual(journey)
      const verified = await verify(vault, { bucket, key: 'told.txt', options: {} }, watch)
      expect(vault.lastReads.of(state)?.journey).toEqual(verified.journey)
    })

    test('of what was tampered with is refused', async () => {
      await putBytes('tampered', Buffer.from('pay to Alice'), 'cse-c', { key: mine })
      const { Body, Metadata } = await vault.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'tampered' }))
      const stored = Buffer.from((await Body?.transformToByteArray()) ?? [])
      stored.writeUInt8(stored.readUInt8(0) ^ 1, 0)
      await foreign('tampered', stored, { Metadata })
      await expect(show('tampered')).rejects.toMatchObject({ code: 'INTEGRITY' })
    })

    test('of more than 8 MiB, or of what cannot be shown, is refused', async () => {
      await putBytes('large', bytes(8 * 1024 * 1024 + 1), 'cse-c', { key: mine })
      await expect(show('large')).rejects.toMatchObject({ code: 'TOO_LARGE' })
      await putBytes('binary', Buffer.from([0, 1, 2, 255]))
      await expect(show('binary')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    })

    test('of 8 MiB, and of nothing, is shown', async () => {
      await putBytes('8m', Buffer.alloc(8 * 1024 * 1024, 'a'), 'cse-c', { key: mine })
      expect((await show('8m')).bytes.length).toBe(8 * 1024 * 1024)
      await putBytes('empty', Buffer.alloc(0))
      expect(await show('empty')).toMatchObject({ kind: 'text' })
    })
  })
})

/** What a key is shown as at the top of its bucket. */
function top(key: string): string {
  return key.slice(0, key.indexOf('/') + 1) || key
}

/** The same client, each of whose requests is counted. */
function counted(s3: Vault['s3'], count: () => void): Vault['s3'] {
  return new Proxy(s3, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name !== 'send' || typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        count()
        return Reflect.apply(value, target, args)
      }
    },
  })
}
