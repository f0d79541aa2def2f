import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateKeyCommand, DescribeKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bucketEncryption } from '../../../electron/cloud/bucket-encryption.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { send } from '../../../electron/cloud/send.ts'
import { startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'

const { signal } = new AbortController()
let moto: ForeignServer
let clients: Clients

beforeAll(async () => {
  moto = await startMoto()
  clients = openClients(moto.connection)
  await send(clients.s3, new CreateBucketCommand({ Bucket: 'vault' }), signal)
})

afterAll(async () => {
  clients.close()
  await moto.stop()
})

test('both clients reach their service and their answers are typed', async () => {
  const { KeyMetadata } = await send(clients.kms, new CreateKeyCommand({}), signal)
  const described = await send(clients.kms, new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }), signal)
  expect(described.KeyMetadata?.Arn).toBe(KeyMetadata?.Arn)
  const put = await send(
    clients.s3,
    new PutObjectCommand({ Bucket: 'vault', Key: 'a', Body: Buffer.from('1') }),
    signal,
  )
  expect(put.ETag).toMatch(/^"[0-9a-f]{32}"$/)
})

test('what is not there is told apart: bucket, object, KMS key', async () => {
  const get = (bucket: string): Promise<unknown> =>
    send(clients.s3, new GetObjectCommand({ Bucket: bucket, Key: 'none' }), signal)
  await expect(get('vault')).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
    facts: { bucket: 'vault', key: 'none' },
  })
  await expect(get('nowhere')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
  const describe = send(clients.kms, new DescribeKeyCommand({ KeyId: 'alias/none' }), signal)
  await expect(describe).rejects.toMatchObject({ code: 'KMS_KEY_NOT_FOUND', facts: { kmsKeyId: 'alias/none' } })
})

test('a taken name under If-None-Match is ALREADY_EXISTS', async () => {
  const put = new PutObjectCommand({ Bucket: 'vault', Key: 'taken', Body: Buffer.from('1'), IfNoneMatch: '*' })
  await send(clients.s3, put, signal)
  await expect(send(clients.s3, put, signal)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

test('a bucket without a rule blocks nothing', async () => {
  const encryption = await bucketEncryption(clients.s3, 'vault', signal)
  expect(encryption?.blocksCustomerKeys ?? false).toBe(false)
})

test('a CA bundle that is not there, or holds no certificate, is refused', () => {
  expect(() => openClients({ ...moto.connection, caBundle: '/nonexistent.pem' })).toThrow(/cannot be read/)
  expect(() => openClients({ ...moto.connection, caBundle: import.meta.filename })).toThrow(/no PEM certificate/)
})
