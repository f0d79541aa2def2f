import { createHash } from 'node:crypto'
import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MODE_IDS, type ModeId } from '../../../electron/base/mode-names.ts'
import { openReading, readThrough } from '../../../electron/vault/reading.ts'
import { put } from '../../../electron/vault/put.ts'
import { rekey } from '../../../electron/vault/rekey.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const watch = { signal: new AbortController().signal }
const keyFor: Partial<Record<ModeId, string>> = {}
let cloud: LocalCloud
let vault: TestVault

beforeAll(async () => {
  cloud = await startLocalCloud()
  vault = await openTestVault({ ...connectionTo(cloud), provenBy: cloud.secretAccessKey }, true)
  for (const bucket of ['plain', 'versioned']) await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  await vault.s3.send(
    new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }),
  )
  for (const mode of ['sse-c', 'cse-c'] as const) keyFor[mode] = (await vault.keys.create({ name: mode })).id
  const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
  keyFor['sse-kms'] = keyFor['cse-kms'] = KeyMetadata?.Arn ?? ''
})

afterAll(async () => {
  await vault.end()
  await cloud.stop()
})

async function putBytes(bucket: string, key: string, content: Buffer, mode: ModeId): Promise<void> {
  const source = { size: content.length, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
  await put(vault, { source, bucket, key, mode, options: { key: keyFor[mode] }, overwrite: 'replace' }, watch)
}

async function contentOf(bucket: string, key: string): Promise<string> {
  const hash = createHash('sha256')
  const reading = await openReading(vault, { bucket, key, options: {} }, watch.signal)
  await readThrough(vault, reading, (piece) => void hash.update(piece), { ...watch, checksum: true })
  reading.plan.dispose()
  return hash.digest('hex')
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

async function keysIn(bucket: string, prefix: string): Promise<(string | undefined)[]> {
  const { Contents = [] } = await vault.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
  return Contents.map(({ Key }) => Key)
}

const pairs = MODE_IDS.flatMap((from) => MODE_IDS.map((to) => [from, to] as const))

describe.for(['plain', 'versioned'])('in a bucket that is %s', (bucket) => {
  test.for(pairs)('%s becomes %s', async ([from, to]) => {
    const content = bytes(70_000)
    const key = `${from}/${to}/file`
    await putBytes(bucket, key, content, from)
    await vault.s3.send(
      new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging: { TagSet: [{ Key: 'own', Value: 'tag' }] } }),
    )
    const done = await rekey(vault, { bucket, key, mode: to, from: {}, to: { key: keyFor[to] } }, watch)
    expect(done).toMatchObject({ mode: to, keyId: keyFor[to], bytes: content.length })
    expect(done.journey.length).toBeGreaterThan(0)
    expect(await contentOf(bucket, key)).toBe(digest(content))
    const { facts } = await openReading(vault, { bucket, key, options: {} }, watch.signal)
    expect(facts.metadata).toMatchObject({ mtime: '1.000000000', mode: '100640' })
    expect('x-amz-c' in facts.metadata).toBe(to.startsWith('cse'))
    const { TagSet } = await vault.s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }))
    expect(TagSet).toContainEqual({ Key: 'own', Value: 'tag' })
    expect(await keysIn(bucket, `${from}/${to}/`)).toEqual([key])
  })

  test('parts, through this computer', async () => {
    const content = bytes(20 * MiB + 1)
    await putBytes(bucket, 'large', content, 'cse-c')
    await rekey(vault, { bucket, key: 'large', mode: 'cse-kms', from: {}, to: { key: keyFor['cse-kms'] } }, watch)
    expect(await contentOf(bucket, 'large')).toBe(digest(content))
  })
})

test('from SSE-S3 to SSE-KMS the data does not move: the ETag stays', async () => {
  await putBytes('plain', 'in-place', bytes(1_000), 'sse-s3')
  await vault.kms.send(new CreateAliasCommand({ AliasName: 'alias/in-place', TargetKeyId: keyFor['sse-kms'] }))
  const before = await vault.s3.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'in-place' }))
  const done = await rekey(
    vault,
    { bucket: 'plain', key: 'in-place', mode: 'sse-kms', from: {}, to: { key: 'alias/in-place' } },
    watch,
  )
  expect(done).toMatchObject({ etag: before.ETag, mode: 'sse-kms', keyId: keyFor['sse-kms'] })
})

describe('what cannot be proven leaves the old object as it is', () => {
  test('the old content is damaged', async () => {
    await putBytes('plain', 'damaged', bytes(1_000), 'cse-c')
    const { Metadata } = await vault.s3.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'damaged' }))
    const damaged = bytes(1_016)
    await vault.s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'damaged', Body: damaged, Metadata }))
    const before = await vault.s3.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'damaged' }))
    const changing = rekey(vault, { bucket: 'plain', key: 'damaged', mode: 'sse-s3', from: {}, to: {} }, watch)
    await expect(changing).rejects.toMatchObject({ code: 'INTEGRITY' })
    const after = await vault.s3.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'damaged' }))
    expect(after.ETag).toBe(before.ETag)
    expect(await keysIn('plain', 'damaged')).toEqual(['damaged'])
  })

  test('cancelled midway, with and without versions', async () => {
    for (const bucket of ['plain', 'versioned']) {
      const content = bytes(40 * MiB)
      await putBytes(bucket, 'stopped', content, 'cse-c')
      const stop = new AbortController()
      const changing = rekey(
        vault,
        { bucket, key: 'stopped', mode: 'cse-kms', from: {}, to: { key: keyFor['cse-kms'] } },
        { signal: stop.signal, onProgress: () => stop.abort() },
      )
      await expect(changing).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(await contentOf(bucket, 'stopped')).toBe(digest(content))
      expect(await keysIn(bucket, 'stopped')).toEqual(['stopped'])
    }
  })
})

test('with versions, the old one is still there afterwards', async () => {
  await putBytes('versioned', 'kept', bytes(100), 'sse-s3')
  await rekey(vault, { bucket: 'versioned', key: 'kept', mode: 'cse-c', from: {}, to: { key: keyFor['cse-c'] } }, watch)
  const { Versions = [] } = await vault.s3.send(new ListObjectVersionsCommand({ Bucket: 'versioned', Prefix: 'kept' }))
  expect(Versions).toHaveLength(2)
})
