import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UpdateObjectEncryptionCommand,
  type CopyObjectCommandInput,
  type PutObjectCommandInput,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3'
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bytesOf,
  copySourceKeyHeaders,
  customerKeyHeaders,
  failureOf,
  stageS3,
  withHeaders,
  type Stage,
} from './stage.ts'

const Bucket = 'encrypted'
const body = randomBytes(100_000)
const md5 = `"${createHash('md5').update(body).digest('hex')}"`
const customerKey = randomBytes(32)
let stage: Stage
let kms: KMSClient
let keyArn: string

beforeAll(async () => {
  stage = await stageS3()
  const { endpoint, region } = stage.cloud
  kms = new KMSClient({ endpoint, region, credentials: stage.cloud })
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
  keyArn = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
})
afterAll(async () => {
  kms.destroy()
  await stage.close()
})

const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
  stage.s3.send(new PutObjectCommand({ Bucket, Key, Body: body, ...more }))
const get = (Key: string, more = {}) => stage.s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
const head = (Key: string, more = {}) => stage.s3.send(new HeadObjectCommand({ Bucket, Key, ...more }))
const copy = (from: string, Key: string, more: Partial<CopyObjectCommandInput> = {}) =>
  stage.s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, ...more }))
const setDefault = (rule: ServerSideEncryptionRule) =>
  stage.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }))
const resetDefault = () => stage.s3.send(new DeleteBucketEncryptionCommand({ Bucket }))

describe('each mode says what it did', () => {
  it('no header means SSE-S3', async () => {
    expect(await put('plain')).toMatchObject({ ServerSideEncryption: 'AES256', ETag: md5 })
    expect(await head('plain')).toMatchObject({ ServerSideEncryption: 'AES256', ETag: md5 })
  })

  it('SSE-KMS answers with the ARN of the key, and an ETag that is no MD5', async () => {
    const done = await put('kms', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn.split('/')[1] })
    expect(done).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn })
    expect(done.ETag).not.toBe(md5)
    const answer = await get('kms')
    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn, ETag: done.ETag })
    expect((await bytesOf(answer)).equals(body)).toBe(true)
  })

  it('SSE-KMS takes an encryption context and a bucket key', async () => {
    const context = Buffer.from(JSON.stringify({ project: 'coffer' })).toString('base64')
    const done = await put('context', {
      ServerSideEncryption: 'aws:kms',
      SSEKMSEncryptionContext: context,
      BucketKeyEnabled: true,
    })
    expect(done.BucketKeyEnabled).toBe(true)
    expect(JSON.parse(Buffer.from(done.SSEKMSEncryptionContext ?? '', 'base64').toString())).toEqual({
      project: 'coffer',
      'aws:s3:arn': `arn:aws:s3:::${Bucket}`,
    })
    expect((await bytesOf(await get('context'))).equals(body)).toBe(true)
    const broken = put('context', { ServerSideEncryption: 'aws:kms', SSEKMSEncryptionContext: 'bm8=' })
    expect(await failureOf(broken)).toBe('400 InvalidArgument')
  })

  it('DSSE has two layers and no bucket key', async () => {
    await put('dsse', { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: keyArn })
    const answer = await get('dsse', { Range: 'bytes=65530-65540' })
    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: keyArn })
    expect((await bytesOf(answer)).equals(body.subarray(65_530, 65_541))).toBe(true)
    const both = put('dsse', { ServerSideEncryption: 'aws:kms:dsse', BucketKeyEnabled: true })
    expect(await failureOf(both)).toBe('400 InvalidArgument')
  })

  it('a disabled key stops reads and writes, and heals', async () => {
    await put('locked', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn })
    await kms.send(new DisableKeyCommand({ KeyId: keyArn }))
    expect(await failureOf(get('locked'))).toBe('400 KMS.DisabledException')
    const write = put('more', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn })
    expect(await failureOf(write)).toBe('400 KMS.DisabledException')
    expect((await head('locked')).SSEKMSKeyId).toBe(keyArn)
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }))
    expect((await bytesOf(await get('locked'))).equals(body)).toBe(true)
  })

  it('headers that make no sense are refused', async () => {
    const failures = [
      put('bad', { ServerSideEncryption: 'rot13' as 'AES256' }),
      put('bad', { ServerSideEncryption: 'AES256', SSEKMSKeyId: keyArn }),
      put('bad', { ServerSideEncryption: 'AES256', ...customerKeyHeaders(customerKey) }),
    ]
    for (const failure of failures) expect(await failureOf(failure)).toBe('400 InvalidArgument')
    const unknown = put('bad', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/none' })
    expect(await failureOf(unknown)).toBe('400 KMS.NotFoundException')
  })
})

describe('SSE-C', () => {
  const own = customerKeyHeaders(customerKey)
  beforeAll(() => put('mine', own))

  it('comes back with the key, echoed only by its MD5', async () => {
    const answer = await get('mine', own)
    expect(answer.SSECustomerKeyMD5).toBe(own.SSECustomerKeyMD5)
    expect(answer.SSECustomerAlgorithm).toBe('AES256')
    expect(answer.ServerSideEncryption).toBeUndefined()
    expect(answer.ETag).not.toBe(md5)
    expect((await bytesOf(answer)).equals(body)).toBe(true)
    expect((await head('mine', own)).ContentLength).toBe(body.length)
  })

  it('without the key: 400', async () => {
    expect(await failureOf(get('mine'))).toBe('400 InvalidRequest')
    expect(await failureOf(head('mine'))).toMatch(/^400/)
  })

  it('with another key: 403', async () => {
    const other = customerKeyHeaders(randomBytes(32))
    expect(await failureOf(get('mine', other))).toBe('403 AccessDenied')
    expect(await failureOf(head('mine', other))).toMatch(/^403/)
  })

  it('with headers that do not fit together: 400 InvalidArgument', async () => {
    // The client computes the MD5 by itself: a wrong one has to be slipped in.
    const wrongMd5 = customerKeyHeaders(randomBytes(32)).SSECustomerKeyMD5
    const slipped = withHeaders(new GetObjectCommand({ Bucket, Key: 'mine', ...own }), {
      'x-amz-server-side-encryption-customer-key-MD5': wrongMd5,
    })
    expect(await failureOf(stage.s3.send(slipped))).toBe('400 InvalidArgument')
    expect(await failureOf(put('short', customerKeyHeaders(randomBytes(16))))).toBe('400 InvalidArgument')
    const otherAlgorithm = put('bad', { ...own, SSECustomerAlgorithm: 'AES128' })
    expect(await failureOf(otherAlgorithm)).toBe('400 InvalidEncryptionAlgorithmError')
  })

  it('a key for an object without one: 400', async () => {
    await put('no-key')
    expect(await failureOf(get('no-key', own))).toBe('400 InvalidRequest')
  })

  it('a bucket that blocks it refuses writes before looking at the key, and still lets read', async () => {
    const byDefault = { SSEAlgorithm: 'AES256' as const }
    await setDefault({
      ApplyServerSideEncryptionByDefault: byDefault,
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
    })
    const shown = await stage.s3.send(new GetBucketEncryptionCommand({ Bucket }))
    expect(shown.ServerSideEncryptionConfiguration?.Rules?.[0]?.BlockedEncryptionTypes?.EncryptionType).toEqual([
      'SSE-C',
    ])
    expect(await failureOf(put('blocked', own))).toBe('403 AccessDenied')
    expect(await failureOf(put('blocked', { ...own, SSECustomerKeyMD5: 'AAAA' }))).toBe('403 AccessDenied')
    await expect(put('blocked', own)).rejects.toThrow(
      /blocked upload requests that specify Server Side Encryption with/,
    )
    expect((await bytesOf(await get('mine', own))).equals(body)).toBe(true)
    await setDefault({
      ApplyServerSideEncryptionByDefault: byDefault,
      BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
    })
    await put('unblocked', own)
    await resetDefault()
  })
})

it('a bucket default applies where no header is sent', async () => {
  await setDefault({
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn },
    BucketKeyEnabled: true,
  })
  expect(await put('defaulted')).toMatchObject({
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: keyArn,
    BucketKeyEnabled: true,
  })
  expect(await put('chosen', { ServerSideEncryption: 'AES256' })).toMatchObject({ ServerSideEncryption: 'AES256' })
  await resetDefault()
  const { ServerSideEncryptionConfiguration: shown } = await stage.s3.send(new GetBucketEncryptionCommand({ Bucket }))
  expect(shown?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('AES256')
})

it('reads refuse an encryption header', async () => {
  await put('plain')
  const command = withHeaders(new GetObjectCommand({ Bucket, Key: 'plain' }), {
    'x-amz-server-side-encryption': 'AES256',
  })
  expect(await failureOf(stage.s3.send(command))).toBe('400 InvalidArgument')
})

describe('copy', () => {
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)]

  it('moves between all modes, sealing anew', async () => {
    await put('from', { Metadata: { kept: 'yes' }, Tagging: 'a=b' })
    await copy('from', 'to-kms', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn })
    await copy('to-kms', 'to-c', customerKeyHeaders(oldKey))
    const rekeyed = { ...copySourceKeyHeaders(oldKey), ...customerKeyHeaders(newKey) }
    await copy('to-c', 'to-c', rekeyed)
    expect(await failureOf(get('to-c', customerKeyHeaders(oldKey)))).toBe('403 AccessDenied')
    const back = await copy('to-c', 'to-plain', copySourceKeyHeaders(newKey))
    expect(back.CopyObjectResult?.ETag).toBe(md5)
    const answer = await get('to-plain')
    expect(answer).toMatchObject({ ServerSideEncryption: 'AES256', Metadata: { kept: 'yes' }, TagCount: 1 })
    expect((await bytesOf(answer)).equals(body)).toBe(true)
  })

  it('needs the source key, and keeps the old object where it is refused', async () => {
    await put('source-c', customerKeyHeaders(oldKey))
    expect(await failureOf(copy('source-c', 'stolen'))).toBe('400 InvalidRequest')
    expect(await failureOf(copy('source-c', 'stolen', copySourceKeyHeaders(newKey)))).toBe('403 AccessDenied')
    expect(await failureOf(head('stolen'))).toMatch(/^404/)
  })

  it('onto itself needs a change', async () => {
    await put('self', { Metadata: { a: '1' } })
    expect(await failureOf(copy('self', 'self'))).toBe('400 InvalidRequest')
    await copy('self', 'self', { MetadataDirective: 'REPLACE', Metadata: { a: '2' } })
    expect((await head('self')).Metadata).toEqual({ a: '2' })
    await copy('self', 'self', { ServerSideEncryption: 'AES256' })
  })

  it('follows conditions on the source', async () => {
    await put('conditional')
    expect(await failureOf(copy('conditional', 'c', { CopySourceIfMatch: '"0"' }))).toBe('412 PreconditionFailed')
    expect(await failureOf(copy('conditional', 'c', { CopySourceIfNoneMatch: md5 }))).toBe('412 PreconditionFailed')
    await copy('conditional', 'c', { CopySourceIfMatch: md5 })
    expect(await failureOf(copy('nothing', 'c'))).toBe('404 NoSuchKey')
  })
})

describe('UpdateObjectEncryption', () => {
  const update = (Key: string, BucketKeyEnabled = false) =>
    stage.s3.send(
      new UpdateObjectEncryptionCommand({
        Bucket,
        Key,
        ObjectEncryption: { SSEKMS: { KMSKeyArn: keyArn, BucketKeyEnabled } },
      }),
    )

  it('turns SSE-S3 into SSE-KMS in place', async () => {
    const before = await put('in-place')
    await update('in-place')
    const answer = await get('in-place')
    expect(answer).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn, ETag: before.ETag })
    expect((await bytesOf(answer)).equals(body)).toBe(true)
    await update('in-place', true)
    expect((await head('in-place')).BucketKeyEnabled).toBe(true)
  })

  it('refuses SSE-C and DSSE', async () => {
    await put('in-place-c', customerKeyHeaders(customerKey))
    await put('in-place-d', { ServerSideEncryption: 'aws:kms:dsse' })
    expect(await failureOf(update('in-place-c'))).toBe('400 InvalidRequest')
    expect(await failureOf(update('in-place-d'))).toBe('400 InvalidRequest')
  })
})
