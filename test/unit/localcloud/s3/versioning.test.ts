import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bytesOf, failureOf, stageS3, type Stage } from './stage.ts'

let stage: Stage
let Bucket = ''
let count = 0
beforeAll(async () => {
  stage = await stageS3()
})
afterAll(() => stage.close())
beforeEach(async () => {
  Bucket = `versions-${String(count++)}`
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
})

const setVersioning = (Status: 'Enabled' | 'Suspended') =>
  stage.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }))
const put = async (text: string, Key = 'key') =>
  (await stage.s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(text) }))).VersionId
const get = async (VersionId?: string, Key = 'key') =>
  (await bytesOf(await stage.s3.send(new GetObjectCommand({ Bucket, Key, VersionId })))).toString()
const remove = (VersionId?: string, Key = 'key') => stage.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))

it('a bucket starts without versioning and shows its state', async () => {
  expect(await put('one')).toBeUndefined()
  expect((await stage.s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined()
  await setVersioning('Enabled')
  expect((await stage.s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled')
})

describe('enabled', () => {
  beforeEach(() => setVersioning('Enabled'))

  it('keeps every version', async () => {
    const [first, second] = [await put('one'), await put('two')]
    expect(first).not.toBe(second)
    expect(await get()).toBe('two')
    expect(await get(first)).toBe('one')
    await remove(second)
    expect(await get()).toBe('one')
    expect(await failureOf(get(second))).toBe('404 NoSuchVersion')
  })

  it('deletes by a marker, and undeletes by removing it', async () => {
    await put('one')
    const { DeleteMarker, VersionId } = await remove()
    expect(DeleteMarker).toBe(true)
    expect(await failureOf(get())).toBe('404 NoSuchKey')
    expect(await failureOf(get(VersionId))).toBe('405 MethodNotAllowed')
    const head = new HeadObjectCommand({ Bucket, Key: 'key' })
    expect(await failureOf(stage.s3.send(head))).toBe('404 NotFound')
    expect((await remove(VersionId)).DeleteMarker).toBe(true)
    expect(await get()).toBe('one')
  })

  it('If-None-Match: * may write over a delete marker', async () => {
    await put('one')
    await remove()
    await stage.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: Buffer.from('two'), IfNoneMatch: '*' }))
    expect(await get()).toBe('two')
  })

  it('copies an old version back', async () => {
    const first = await put('one')
    await put('two')
    const CopySource = `${Bucket}/key?versionId=${first ?? ''}`
    const copied = await stage.s3.send(new CopyObjectCommand({ Bucket, Key: 'key', CopySource }))
    expect(copied.CopySourceVersionId).toBe(first)
    expect(await get()).toBe('one')
  })

  it('deletes many, each with its outcome', async () => {
    const first = await put('one', 'a')
    await put('one', 'b')
    const Objects = [{ Key: 'a', VersionId: first }, { Key: 'b' }, { Key: 'never' }]
    const { Deleted, Errors } = await stage.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Errors).toBeUndefined()
    expect(Deleted?.map(({ Key, DeleteMarker }) => [Key, DeleteMarker])).toEqual([
      ['a', undefined],
      ['b', true],
      ['never', true],
    ])
    const quiet = { Bucket, Delete: { Objects: [{ Key: 'b', ETag: '"wrong"' }, { Key: 'a' }], Quiet: true } }
    const told = await stage.s3.send(new DeleteObjectsCommand(quiet))
    expect(told.Deleted).toBeUndefined()
    expect(told.Errors?.map(({ Key }) => Key)).toEqual(['b'])
  })
})

it('the null version: from before versioning, and again once it is suspended', async () => {
  await put('before')
  await setVersioning('Enabled')
  const kept = await put('kept')
  expect(await get('null')).toBe('before')
  await setVersioning('Suspended')
  expect(await put('after')).toBe('null')
  expect(await get('null')).toBe('after')
  expect(await get(kept)).toBe('kept')
  const marker = await remove()
  expect(marker).toMatchObject({ DeleteMarker: true, VersionId: 'null' })
  expect(await failureOf(get())).toBe('404 NoSuchKey')
  await remove('null')
  expect(await get()).toBe('kept')
})
