import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOf, failureOf, stageS3, type Stage } from './stage.ts'

const Bucket = 'objects'
const NOTHING = Buffer.alloc(0)
let stage: Stage
beforeAll(async () => {
  stage = await stageS3()
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => stage.close())

const put = (Key: string, Body: Buffer | string, more: Partial<PutObjectCommandInput> = {}) =>
  stage.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string, more = {}) => stage.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
const head = (Key: string, more = {}) => stage.s3.send(new HeadObjectCommand({ Bucket, Key, ...more }))

describe('put and get', () => {
  it.each([0, 1, 32_768, 32_769, 65_535, 65_536, 65_537, 1_048_577])('%i bytes come back', async (size) => {
    const body = randomBytes(size)
    const { ETag } = await put('sized', body)
    expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`)
    const answer = await get('sized')
    expect(answer.ContentLength).toBe(size)
    expect((await bytesOf(answer)).equals(body)).toBe(true)
  })

  it('keeps headers, metadata and tags', async () => {
    const given = {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-cache',
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { mtime: '1700000000.5', 'with-dash': 'a, b' },
      StorageClass: 'STANDARD_IA' as const,
    }
    await put('described', 'text', { ...given, Tagging: 'colour=red&size=1%20m' })
    expect(await head('described')).toMatchObject({ ...given, TagCount: 2, AcceptRanges: 'bytes', ContentLength: 4 })
    const overridden = await get('described', { ResponseContentType: 'image/png', ResponseCacheControl: 'max-age=1' })
    expect(overridden).toMatchObject({ ContentType: 'image/png', CacheControl: 'max-age=1' })
    const { TagSet } = await stage.s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'described' }))
    expect(TagSet).toEqual([
      { Key: 'colour', Value: 'red' },
      { Key: 'size', Value: '1 m' },
    ])
    const twice = [
      { Key: 'a', Value: '1' },
      { Key: 'a', Value: '2' },
    ]
    const tagging = new PutObjectTaggingCommand({ Bucket, Key: 'described', Tagging: { TagSet: twice } })
    expect(await failureOf(stage.s3.send(tagging))).toBe('400 InvalidTag')
  })

  it('refuses more than 2 KB of metadata', async () => {
    await put('meta', NOTHING, { Metadata: { a: 'x'.repeat(2047) } })
    expect(await failureOf(put('meta', NOTHING, { Metadata: { a: 'x'.repeat(2048) } }))).toBe('400 MetadataTooLarge')
  })

  it.each(['../../etc/passwd', 'a//b', '/lead', 'ü 🙂+&%=?#', 'tab\there\r\nline', '.', '%2e%2e%2f', 'x'.repeat(1024)])(
    'takes any key: %j',
    async (key) => {
      await put(key, key)
      expect((await bytesOf(await get(key))).toString()).toBe(key)
    },
  )

  it('refuses a key of 1025 bytes', async () => {
    expect(await failureOf(put('x'.repeat(1025), NOTHING))).toBe('400 KeyTooLongError')
  })

  it('says what is not there', async () => {
    expect(await failureOf(get('nothing'))).toBe('404 NoSuchKey')
    expect(await failureOf(head('nothing'))).toBe('404 NotFound')
    const elsewhere = new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'a' })
    expect(await failureOf(stage.s3.send(elsewhere))).toBe('404 NoSuchBucket')
    await stage.s3.send(new DeleteObjectCommand({ Bucket, Key: 'nothing' }))
  })
})

describe('checksums', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('%s is kept and shown', async (algorithm) => {
    const done = await put('summed', randomBytes(70_000), { ChecksumAlgorithm: algorithm })
    const shown = await head('summed', { ChecksumMode: 'ENABLED' })
    expect(shown[`Checksum${algorithm}`]).toBe(done[`Checksum${algorithm}`])
    expect(shown[`Checksum${algorithm}`]).toBeDefined()
    expect(shown.ChecksumType).toBe('FULL_OBJECT')
    const names = new GetObjectAttributesCommand({
      Bucket,
      Key: 'summed',
      ObjectAttributes: ['Checksum', 'ETag', 'ObjectSize', 'StorageClass'],
    })
    const attributes = await stage.s3.send(names)
    expect(attributes).toMatchObject({ ObjectSize: 70_000, StorageClass: 'STANDARD' })
    expect(attributes.Checksum?.[`Checksum${algorithm}`]).toBe(done[`Checksum${algorithm}`])
  })

  it('a wrong one is refused and nothing is stored', async () => {
    expect(await failureOf(put('wrong', 'abc', { ChecksumCRC32: 'AAAAAA==' }))).toBe('400 BadDigest')
    expect(await failureOf(head('wrong'))).toBe('404 NotFound')
  })
})

describe('ranges', () => {
  const body = randomBytes(3 * 65_536 + 100)
  beforeAll(() => put('ranged', body))

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=65535-65536', 65_535, 65_537],
    ['bytes=65536-131071', 65_536, 131_072],
    ['bytes=100-', 100, body.length],
    ['bytes=-5', body.length - 5, body.length],
    ['bytes=-99999999', 0, body.length],
    ['bytes=5-99999999', 5, body.length],
  ])('%s', async (Range, start, end) => {
    const answer = await get('ranged', { Range })
    expect(answer.$metadata.httpStatusCode).toBe(206)
    expect(answer.ContentRange).toBe(`bytes ${String(start)}-${String(end - 1)}/${String(body.length)}`)
    expect((await bytesOf(answer)).equals(body.subarray(start, end))).toBe(true)
  })

  it('several ranges and other units mean the whole', async () => {
    for (const Range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-3']) {
      expect((await bytesOf(await get('ranged', { Range }))).length).toBe(body.length)
    }
  })

  it('a range behind the end is refused', async () => {
    const range = `bytes=${String(body.length)}-`
    expect(await failureOf(get('ranged', { Range: range }))).toBe('416 InvalidRange')
    await put('empty', NOTHING)
    expect(await failureOf(get('empty', { Range: 'bytes=0-0' }))).toBe('416 InvalidRange')
  })
})

describe('conditions', () => {
  it('If-None-Match: * lets exactly one of many writers win', async () => {
    const writes = Array.from({ length: 8 }, (_, i) => failureOf(put('once', String(i), { IfNoneMatch: '*' })))
    const outcomes = (await Promise.all(writes)).sort()
    expect(outcomes).toEqual([...Array<string>(7).fill('412 PreconditionFailed'), 'no failure'])
  })

  it('If-Match overwrites only what the writer knows', async () => {
    const { ETag } = await put('matched', 'one')
    expect(await failureOf(put('matched', 'two', { IfMatch: '"0123"' }))).toBe('412 PreconditionFailed')
    await put('matched', 'two', { IfMatch: ETag })
    expect(await failureOf(put('absent', 'two', { IfMatch: ETag }))).toBe('404 NoSuchKey')
    const stale = new DeleteObjectCommand({ Bucket, Key: 'matched', IfMatch: ETag })
    expect(await failureOf(stage.s3.send(stale))).toBe('412 PreconditionFailed')
  })

  it('reads follow ETag and date', async () => {
    const { ETag } = await put('read', 'text')
    const [past, future] = [new Date(Date.now() - 3600_000), new Date(Date.now() + 3600_000)]
    expect(await failureOf(get('read', { IfMatch: '"0"' }))).toBe('412 PreconditionFailed')
    expect(await failureOf(get('read', { IfNoneMatch: ETag }))).toMatch(/^304/)
    expect(await failureOf(get('read', { IfModifiedSince: future }))).toMatch(/^304/)
    expect(await failureOf(get('read', { IfUnmodifiedSince: past }))).toBe('412 PreconditionFailed')
    expect((await get('read', { IfMatch: ETag, IfUnmodifiedSince: past })).ETag).toBe(ETag)
    expect((await get('read', { IfModifiedSince: past })).ETag).toBe(ETag)
  })
})

it('concurrent writes of one key leave one of them, whole', async () => {
  const bodies = Array.from({ length: 6 }, () => randomBytes(200_000))
  await Promise.all(bodies.map((body) => put('contended', body)))
  const left = await bytesOf(await get('contended'))
  expect(bodies.some((body) => body.equals(left))).toBe(true)
})
