import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3'
import { createHash, randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobFiles, bytesOf, customerKeyHeaders, failureOf, stageS3, type Stage } from './stage.ts'

const Bucket = 'parts'
const MIB = 1024 * 1024
const parts = [randomBytes(5 * MIB), randomBytes(5 * MIB + 3), randomBytes(1000)]
const whole = Buffer.concat(parts)
let stage: Stage

beforeAll(async () => {
  stage = await stageS3({ keepRemovedSeconds: 0 })
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => stage.close())

type Extra = Partial<CreateMultipartUploadCommandInput>
const create = async (Key: string, more: Extra = {}) =>
  (await stage.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? ''
const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more = {}) =>
  stage.s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }))
const get = (Key: string, more = {}) => stage.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))

async function upload(
  Key: string,
  UploadId: string,
  PartNumber: number,
  Body: Buffer,
  more = {},
): Promise<CompletedPart> {
  const done = await stage.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }))
  const { ETag, ChecksumCRC32, ChecksumCRC64NVME, ChecksumSHA256 } = done
  return {
    PartNumber,
    ETag,
    ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
    ...(ChecksumCRC64NVME === undefined ? {} : { ChecksumCRC64NVME }),
    ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }),
  }
}

async function uploadAll(Key: string, UploadId: string, more = {}): Promise<CompletedPart[]> {
  return Promise.all(parts.map((part, i) => upload(Key, UploadId, i * 2 + 1, part, more)))
}

const md5OfParts = createHash('md5')
for (const part of parts) md5OfParts.update(createHash('md5').update(part).digest())
const multipartTag = `"${md5OfParts.digest('hex')}-3"`

const customer = customerKeyHeaders(randomBytes(32))
const MODES: [string, Extra, object][] = [
  ['SSE-S3', {}, {}],
  ['SSE-KMS', { ServerSideEncryption: 'aws:kms' }, {}],
  ['DSSE-KMS', { ServerSideEncryption: 'aws:kms:dsse' }, {}],
  ['SSE-C', customer, customer],
]

describe.each(MODES)('%s', (name, atCreate, atEach) => {
  it('parts become one object, readable at any place', async () => {
    const id = await create(name, { ...atCreate, Metadata: { a: 'b' }, ContentType: 'text/x' })
    const listed = await uploadAll(name, id, atEach)
    const done = await complete(name, id, listed, atEach)
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
    if (name === 'SSE-S3') expect(done.ETag).toBe(multipartTag)
    const answer = await get(name, atEach)
    expect(answer).toMatchObject({ ContentLength: whole.length, Metadata: { a: 'b' }, ContentType: 'text/x' })
    expect((await bytesOf(answer)).equals(whole)).toBe(true)
    const from = 5 * MIB - 10
    const range = `bytes=${String(from)}-${String(from + 29)}`
    expect((await bytesOf(await get(name, { Range: range, ...atEach }))).equals(whole.subarray(from, from + 30))).toBe(
      true,
    )
    const second = await get(name, { PartNumber: 2, ...atEach })
    expect(second.PartsCount).toBe(3)
    expect((await bytesOf(second)).equals(parts[1] ?? Buffer.alloc(0))).toBe(true)
  })
})

describe('checksums', () => {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(whole))

  it('a full-object CRC is that of the whole', async () => {
    const id = await create('full', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
    const listed = await uploadAll('full', id)
    const done = await complete('full', id, listed, {
      ChecksumType: 'FULL_OBJECT',
      ChecksumCRC32: crc.toString('base64'),
    })
    expect(done).toMatchObject({ ChecksumCRC32: crc.toString('base64'), ChecksumType: 'FULL_OBJECT' })
    const answer = await get('full', { ChecksumMode: 'ENABLED' })
    expect(answer.ChecksumCRC32).toBe(crc.toString('base64'))
    expect((await bytesOf(answer)).equals(whole)).toBe(true)
  })

  it('a wrong full-object CRC is refused', async () => {
    const id = await create('full-wrong', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
    const listed = await uploadAll('full-wrong', id)
    const wrong = { ChecksumType: 'FULL_OBJECT', ChecksumCRC32: 'AAAAAA==' }
    expect(await failureOf(complete('full-wrong', id, listed, wrong))).toBe('400 BadDigest')
  })

  it('a composite one counts its parts, and attributes show them', async () => {
    const id = await create('composite', { ChecksumAlgorithm: 'SHA256' })
    const listed = await uploadAll('composite', id, { ChecksumAlgorithm: 'SHA256' })
    const done = await complete('composite', id, listed)
    expect(done.ChecksumSHA256).toMatch(/=-3$/)
    const shown = await stage.s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: 'composite', ObjectAttributes: ['ObjectParts', 'Checksum'] }),
    )
    expect(shown.Checksum).toMatchObject({ ChecksumSHA256: done.ChecksumSHA256, ChecksumType: 'COMPOSITE' })
    expect(shown.ObjectParts?.TotalPartsCount).toBe(3)
    expect(shown.ObjectParts?.Parts?.map(({ Size }) => Size)).toEqual(parts.map(({ length }) => length))
  })

  it('parts of another algorithm are refused', async () => {
    const id = await create('mixed', { ChecksumAlgorithm: 'CRC64NVME' })
    const part = upload('mixed', id, 1, Buffer.from('x'), { ChecksumAlgorithm: 'SHA256' })
    expect(await failureOf(part)).toBe('400 InvalidRequest')
  })
})

describe('completion', () => {
  it('rewrites nothing: the parts stay the files that they are', async () => {
    const id = await create('stitched')
    const listed = await uploadAll('stitched', id)
    const before = await inodes()
    await complete('stitched', id, listed)
    // Besides them there is the manifest, which lists them.
    const after = await inodes()
    expect(after).toEqual(expect.arrayContaining(before))
    expect(after).toHaveLength(before.length + 1)
  })

  async function inodes(): Promise<number[]> {
    const files = await blobFiles(stage.cloud.dataDir)
    return (await Promise.all(files.map((file) => stat(file)))).map(({ ino }) => ino).sort()
  }

  it('gives the same answer when repeated', async () => {
    const id = await create('twice')
    const listed = await uploadAll('twice', id)
    const first = await complete('twice', id, listed)
    expect((await complete('twice', id, listed)).ETag).toBe(first.ETag)
    const late = upload('twice', id, 1, Buffer.from('x'))
    expect(await failureOf(late)).toBe('404 NoSuchUpload')
  })

  it('drops the parts that are not listed', async () => {
    const before = (await blobFiles(stage.cloud.dataDir)).length
    const id = await create('some')
    const listed = await uploadAll('some', id)
    await complete('some', id, listed.slice(0, 1))
    expect((await bytesOf(await get('some'))).equals(parts[0] ?? Buffer.alloc(0))).toBe(true)
    await expect.poll(async () => (await blobFiles(stage.cloud.dataDir)).length).toBe(before + 2)
  })

  it('refuses what does not fit, and the upload goes on', async () => {
    const id = await create('picky')
    const listed = await uploadAll('picky', id)
    const [first, , third] = listed
    const small = await upload('picky', id, 2, Buffer.from('small'))
    const wrongTag = { ...first, ETag: '"0123"' }
    const attempts: [CompletedPart[], string][] = [
      [[], '400 MalformedXML'],
      [[...listed].reverse(), '400 InvalidPartOrder'],
      [[wrongTag], '400 InvalidPart'],
      [[{ PartNumber: 9, ETag: '"0"' }], '400 InvalidPart'],
      [[first ?? {}, small, third ?? {}], '400 EntityTooSmall'],
    ]
    for (const [tried, failure] of attempts) expect(await failureOf(complete('picky', id, tried))).toBe(failure)
    await complete('picky', id, listed)
  })

  it('follows If-None-Match', async () => {
    await stage.s3.send(new PutObjectCommand({ Bucket, Key: 'there', Body: Buffer.from('first') }))
    const id = await create('there')
    const listed = [await upload('there', id, 1, Buffer.from('second'))]
    expect(await failureOf(complete('there', id, listed, { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed')
    expect((await bytesOf(await get('there'))).toString()).toBe('first')
  })
})

it('a part can be sent again, and the last one counts', async () => {
  const id = await create('again')
  await upload('again', id, 1, randomBytes(6 * MIB))
  const last = await upload('again', id, 1, parts[0] ?? Buffer.alloc(0))
  await complete('again', id, [last])
  expect((await bytesOf(await get('again'))).equals(parts[0] ?? Buffer.alloc(0))).toBe(true)
})

it('parts of an SSE-C upload need its key', async () => {
  const id = await create('keyed', customer)
  expect(await failureOf(upload('keyed', id, 1, Buffer.from('x')))).toBe('400 InvalidRequest')
  const other = customerKeyHeaders(randomBytes(32))
  expect(await failureOf(upload('keyed', id, 1, Buffer.from('x'), other))).toBe('403 AccessDenied')
})

it('part copy takes ranges of an object', async () => {
  await stage.s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: whole }))
  const id = await create('copied', { ServerSideEncryption: 'aws:kms' })
  const copyPart = async (PartNumber: number, CopySourceRange: string): Promise<CompletedPart> => {
    const command = { Bucket, Key: 'copied', UploadId: id, PartNumber, CopySource: `${Bucket}/source`, CopySourceRange }
    const { CopyPartResult } = await stage.s3.send(new UploadPartCopyCommand(command))
    return { PartNumber, ETag: CopyPartResult?.ETag }
  }
  const middle = 5 * MIB + 1
  const first = await copyPart(1, `bytes=0-${String(middle - 1)}`)
  const second = await copyPart(2, `bytes=${String(middle)}-${String(whole.length - 1)}`)
  expect(await failureOf(copyPart(3, `bytes=0-${String(whole.length)}`))).toBe('400 InvalidArgument')
  await complete('copied', id, [first, second])
  expect((await bytesOf(await get('copied'))).equals(whole)).toBe(true)
})

it('abort removes the parts; listings show what is under way', async () => {
  const ids = [await create('list/a'), await create('list/b'), await create('list/deep/c')]
  const [first = ''] = ids
  await upload('list/a', first, 1, Buffer.from('one'))
  await upload('list/a', first, 7, Buffer.from('two'))
  const listed = await stage.s3.send(new ListPartsCommand({ Bucket, Key: 'list/a', UploadId: first, MaxParts: 1 }))
  expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '1' })
  const rest = { Bucket, Key: 'list/a', UploadId: first, PartNumberMarker: '1' }
  expect((await stage.s3.send(new ListPartsCommand(rest))).Parts?.map(({ PartNumber }) => PartNumber)).toEqual([7])
  const uploads = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', Delimiter: '/' }))
  expect(uploads.Uploads?.map(({ Key }) => Key)).toEqual(['list/a', 'list/b'])
  expect(uploads.CommonPrefixes).toEqual([{ Prefix: 'list/deep/' }])
  const page = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', MaxUploads: 1 }))
  const next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  const following = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', ...next }))
  expect(following.Uploads?.map(({ Key }) => Key)).toEqual(['list/b', 'list/deep/c'])
  await stage.s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'list/a', UploadId: first }))
  expect(await failureOf(stage.s3.send(new ListPartsCommand(rest)))).toBe('404 NoSuchUpload')
  expect(await failureOf(stage.s3.send(new HeadObjectCommand({ Bucket, Key: 'list/a' })))).toMatch(/^404/)
})
