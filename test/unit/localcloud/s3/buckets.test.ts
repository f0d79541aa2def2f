import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failureOf, stageS3, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await stageS3()
})
afterAll(() => stage.close())

const create = (Bucket: string, more = {}) => stage.s3.send(new CreateBucketCommand({ Bucket, ...more }))

it('a bucket is made, found, listed and removed', async () => {
  await create('first.bucket')
  await create('a-second')
  expect(await failureOf(create('a-second'))).toBe('409 BucketAlreadyOwnedByYou')
  expect((await stage.s3.send(new HeadBucketCommand({ Bucket: 'a-second' }))).BucketRegion).toBe(stage.cloud.region)
  const { Buckets, Owner } = await stage.s3.send(new ListBucketsCommand({}))
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['a-second', 'first.bucket'])
  expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/)
  await stage.s3.send(new GetBucketLocationCommand({ Bucket: 'a-second' }))
  await stage.s3.send(new DeleteBucketCommand({ Bucket: 'a-second' }))
  expect(await failureOf(stage.s3.send(new HeadBucketCommand({ Bucket: 'a-second' })))).toMatch(/^404/)
})

it.each(['ab', 'UPPER', 'under_score', '-start', 'end-', 'two..dots', '192.168.0.1', 'xn--a', 'x'.repeat(64)])(
  'refuses the name %j',
  async (name) => {
    expect(await failureOf(create(name))).toBe('400 InvalidBucketName')
  },
)

it('refuses the location of another region', async () => {
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' }
  expect(await failureOf(create('elsewhere', { CreateBucketConfiguration }))).toBe(
    '400 IllegalLocationConstraintException',
  )
})

it('a bucket with objects stays; one with only unfinished uploads goes', async () => {
  const Bucket = 'filled'
  await create(Bucket)
  await stage.s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: Buffer.from('a') }))
  expect(await failureOf(stage.s3.send(new DeleteBucketCommand({ Bucket })))).toBe('409 BucketNotEmpty')
  await stage.s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))
  await stage.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'b' }))
  await stage.s3.send(new DeleteBucketCommand({ Bucket }))
})

it('answers the questions that clients ask of a bucket as they go by', async () => {
  const Bucket = 'probed'
  await create(Bucket)
  const { s3 } = stage
  expect(await failureOf(s3.send(new GetBucketPolicyCommand({ Bucket })))).toBe('404 NoSuchBucketPolicy')
  expect(await failureOf(s3.send(new GetBucketTaggingCommand({ Bucket })))).toBe('404 NoSuchTagSet')
  expect(await failureOf(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })))).toBe(
    '404 NoSuchLifecycleConfiguration',
  )
  expect(await failureOf(s3.send(new GetObjectLockConfigurationCommand({ Bucket })))).toBe(
    '404 ObjectLockConfigurationNotFoundError',
  )
  expect((await s3.send(new GetBucketAclCommand({ Bucket }))).Grants?.[0]?.Permission).toBe('FULL_CONTROL')
  const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }))
  expect(PublicAccessBlockConfiguration?.BlockPublicAcls).toBe(true)
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))
  expect(OwnershipControls?.Rules?.[0]?.ObjectOwnership).toBe('BucketOwnerEnforced')
  expect(await failureOf(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })))).toBe('501 NotImplemented')
  const expecting = { Bucket, ExpectedBucketOwner: '123456789012' }
  expect(await failureOf(s3.send(new HeadBucketCommand(expecting)))).toMatch(/^403/)
})
