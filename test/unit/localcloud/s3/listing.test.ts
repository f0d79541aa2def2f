import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  paginateListObjectsV2,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type ListObjectsV2CommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failureOf, stageS3, type Stage } from './stage.ts'

const Bucket = 'listed'
const KEYS = [
  'a',
  'a/1',
  'a/2',
  'a/b/3',
  'b',
  'c/',
  'c/d',
  'e f+g',
  'z\n1',
  'ä',
  '\u{1F600}',
  '\uFF5E',
  ...Array.from({ length: 40 }, (_, i) => `many/${String(i).padStart(3, '0')}`),
]
const inOrder = [...KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
let stage: Stage

beforeAll(async () => {
  stage = await stageS3()
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
  await Promise.all(KEYS.map((Key) => stage.s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Key) }))))
})
afterAll(() => stage.close())

async function list(more: Partial<ListObjectsV2CommandInput> = {}) {
  const answer = await stage.s3.send(new ListObjectsV2Command({ Bucket, ...more }))
  const keys = answer.Contents?.map(({ Key }) => Key) ?? []
  const prefixes = answer.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? []
  return { ...answer, keys, prefixes }
}

it('lists in the order of UTF-8 bytes', async () => {
  expect((await list()).keys).toEqual(inOrder)
})

it('shows size, ETag, date, class; the owner where asked', async () => {
  const { Contents } = await list({ Prefix: 'b', FetchOwner: true })
  expect(Contents).toMatchObject([
    { Key: 'b', Size: 1, ETag: '"92eb5ffee6ae2fec3ad71c777531578f"', StorageClass: 'STANDARD' },
  ])
  expect(Contents?.[0]?.Owner?.ID).toBeDefined()
  expect(Contents?.[0]?.LastModified?.getTime()).toBeGreaterThan(Date.now() - 60_000)
})

it('groups by delimiter', async () => {
  const top = await list({ Delimiter: '/' })
  expect(top.prefixes).toEqual(['a/', 'c/', 'many/'])
  expect(top.keys).toEqual(inOrder.filter((key) => !key.includes('/')))
  const inside = await list({ Delimiter: '/', Prefix: 'a/' })
  expect(inside).toMatchObject({ keys: ['a/1', 'a/2'], prefixes: ['a/b/'], KeyCount: 3 })
  expect(await list({ Delimiter: '/', Prefix: 'c/' })).toMatchObject({ keys: ['c/', 'c/d'], prefixes: [] })
  expect((await list({ Delimiter: 'b', Prefix: 'a/' })).prefixes).toEqual(['a/b'])
})

it.each([1, 2, 3, 7, 1000])('pages of %i give every line once', async (pageSize) => {
  for (const Delimiter of [undefined, '/']) {
    const lines: (string | undefined)[] = []
    for await (const page of paginateListObjectsV2({ client: stage.s3, pageSize }, { Bucket, Delimiter })) {
      expect(page.KeyCount).toBeLessThanOrEqual(pageSize)
      lines.push(
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      )
    }
    const expected = Delimiter ? ['a/', 'c/', 'many/', ...inOrder.filter((key) => !key.includes('/'))] : inOrder
    expect([...lines].sort()).toEqual([...expected].sort())
  }
})

it('starts after a key, or after a common prefix as a whole', async () => {
  expect((await list({ StartAfter: 'many/038' })).keys[0]).toBe('many/039')
  expect((await list({ StartAfter: 'a/', Delimiter: '/' })).prefixes).toEqual(['c/', 'many/'])
  expect((await list({ StartAfter: 'a/1', Delimiter: '/' })).prefixes).toEqual(['a/', 'c/', 'many/'])
  expect((await list({ StartAfter: 'zzz', Prefix: 'a' })).keys).toEqual([])
  expect((await list({ StartAfter: 'A', Prefix: 'b' })).keys).toEqual(['b'])
})

it('encodes keys where asked', async () => {
  const { keys, EncodingType } = await list({ EncodingType: 'url', Prefix: 'e' })
  expect({ keys, EncodingType }).toEqual({ keys: ['e%20f%2Bg'], EncodingType: 'url' })
  expect((await list({ EncodingType: 'url', Prefix: 'a/' })).keys).toEqual(['a/1', 'a/2', 'a/b/3'])
})

it('the first version of the call pages by marker', async () => {
  const first = await stage.s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2 }))
  expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' })
  const next = await stage.s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 2, Marker: 'a/' }))
  expect(next.Contents?.map(({ Key }) => Key)).toEqual(['b'])
  expect(next.CommonPrefixes).toEqual([{ Prefix: 'c/' }])
})

it('refuses what makes no sense', async () => {
  expect(await failureOf(list({ ContinuationToken: 'nonsense' }))).toBe('400 InvalidArgument')
  expect(await list({ MaxKeys: 0 })).toMatchObject({ keys: [], IsTruncated: false })
})

it('versions are listed newest first, with markers, in pages', async () => {
  const versioned = 'listed-versions'
  await stage.s3.send(new CreateBucketCommand({ Bucket: versioned }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await stage.s3.send(new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration }))
  const ids: Record<string, string[]> = { x: [], 'y/1': [], 'y/2': [] }
  for (const Key of ['x', 'x', 'y/1', 'x', 'y/2']) {
    const done = await stage.s3.send(new PutObjectCommand({ Bucket: versioned, Key, Body: Buffer.from('v') }))
    ids[Key]?.unshift(done.VersionId ?? '')
  }
  const Delete = { Objects: [{ Key: 'x' }] }
  const deletion = await stage.s3.send(new DeleteObjectsCommand({ Bucket: versioned, Delete }))
  ids['x']?.unshift(deletion.Deleted?.[0]?.DeleteMarkerVersionId ?? '')

  const seen: string[] = []
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  for (let truncated = true; truncated;) {
    const page = await stage.s3.send(new ListObjectVersionsCommand({ Bucket: versioned, MaxKeys: 2, ...marker }))
    const lines = [...(page.DeleteMarkers ?? []), ...(page.Versions ?? [])]
    seen.push(...lines.map(({ Key, VersionId, IsLatest }) => `${Key ?? ''} ${VersionId ?? ''} ${String(IsLatest)}`))
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    truncated = page.IsTruncated ?? false
  }
  const expected = Object.entries(ids).flatMap(([key, list]) => list.map((id, i) => `${key} ${id} ${String(i === 0)}`))
  expect(seen).toEqual(expected)
  const grouped = await stage.s3.send(new ListObjectVersionsCommand({ Bucket: versioned, Delimiter: '/' }))
  expect(grouped.CommonPrefixes).toEqual([{ Prefix: 'y/' }])
  expect((await stage.s3.send(new ListObjectsV2Command({ Bucket: versioned }))).Contents).toHaveLength(2)
})
