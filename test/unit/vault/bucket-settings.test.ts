import { CreateBucketCommand, GetBucketEncryptionCommand, GetBucketVersioningCommand } from '@aws-sdk/client-s3'
import { CreateAliasCommand, CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bucketEncryption } from '../../../electron/cloud/bucket-encryption.ts'
import { bucketVersioning } from '../../../electron/cloud/bucket-versioning.ts'
import { changeEncryption, changeVersioning } from '../../../electron/vault/bucket-settings.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import type { ModeChoice } from '../../../electron/base/mode-names.ts'
import { SERVERS } from '../../support/connections.ts'
import { BELIEVED } from '../../support/moto.ts'
import { bytes, chunksOf } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()

describe.for(SERVERS)('on %s', ([name, start]) => {
  let server: Awaited<ReturnType<typeof start>>
  let vault: TestVault
  let mine: string
  let arn: string
  let bucket = ''
  let buckets = 0

  beforeAll(async () => {
    server = await start()
    vault = await openTestVault(server.connection, false, BELIEVED)
    mine = (await vault.keys.create({ name: 'mine' })).id
    const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
    arn = KeyMetadata?.Arn ?? ''
    await vault.kms.send(new CreateAliasCommand({ AliasName: 'alias/letters', TargetKeyId: arn }))
  })
  afterAll(async () => {
    await vault.end()
    await server.stop()
  })
  beforeEach(async () => {
    bucket = `settings-${buckets++}`
    await vault.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  })

  const stored = async () => {
    const answer = await vault.s3.send(new GetBucketEncryptionCommand({ Bucket: bucket }))
    return answer.ServerSideEncryptionConfiguration?.Rules?.[0]
  }
  const change = (wanted: Parameters<typeof changeEncryption>[2]) => changeEncryption(vault, bucket, wanted, signal)
  async function putOne(key: string, mode: ModeChoice, options = {}) {
    const source = { size: 5, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(bytes(5)) }
    return put(vault, { source, bucket, key, mode, options, overwrite: 'replace' }, { signal })
  }

  test('a bucket gets a KMS key by its alias, kept by its ARN, and what comes without a mode is under it', async () => {
    const byDefault = { algorithm: 'aws:kms', kmsKeyId: 'alias/letters', bucketKeyEnabled: true } as const
    expect(await change({ byDefault })).toEqual({
      now: { algorithm: 'aws:kms', kmsKeyId: arn, bucketKeyEnabled: true, blocksCustomerKeys: false },
      holds: true,
    })
    expect((await stored())?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID).toBe(arn)
    await putOne('letter', 'bucket-default')
    // Moto encrypts nothing by itself.
    const seen = await inspect(vault, { bucket, key: 'letter', options: {} }, signal)
    if (name !== 'moto') expect(seen).toMatchObject({ mode: 'sse-kms', keyId: arn })
    expect(await change({ byDefault: { algorithm: 'aws:kms:dsse', kmsKeyId: arn } })).toMatchObject({
      now: { algorithm: 'aws:kms:dsse', bucketKeyEnabled: false },
      holds: true,
    })
    expect(await change({ byDefault: { algorithm: 'AES256' } })).toMatchObject({
      now: { algorithm: 'AES256', kmsKeyId: undefined },
      holds: true,
    })
  })

  test('a key that cannot be used is refused before anything is changed', async () => {
    const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
    const kmsKeyId = KeyMetadata?.KeyId ?? ''
    await vault.kms.send(new DisableKeyCommand({ KeyId: kmsKeyId }))
    const before = await bucketEncryption(vault.s3, bucket, signal)
    for (const [key, code] of [
      [kmsKeyId, 'KMS_KEY_DISABLED'],
      ['alias/nobody', 'KMS_KEY_NOT_FOUND'],
    ] as const) {
      await expect(change({ byDefault: { algorithm: 'aws:kms', kmsKeyId: key } })).rejects.toMatchObject({ code })
    }
    await expect(change({ byDefault: { algorithm: 'AES256', kmsKeyId: arn } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    const dsse = { algorithm: 'aws:kms:dsse', kmsKeyId: arn, bucketKeyEnabled: true } as const
    await expect(change({ byDefault: dsse })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await bucketEncryption(vault.s3, bucket, signal)).toEqual(before)
  })

  test('a block of SSE-C holds, survives another default, and goes when it is allowed again', async () => {
    const blocked = await change({ blocksCustomerKeys: true })
    if (name === 'moto') {
      // It takes what it does not know, and forgets it: that must not be called done.
      expect(blocked.holds).toBe(false)
      return
    }
    expect(blocked).toMatchObject({ now: { algorithm: 'AES256', blocksCustomerKeys: true }, holds: true })
    await expect(putOne('x', 'sse-c', { key: mine })).rejects.toMatchObject({
      code: 'SSE_C_BLOCKED',
      facts: { bucket },
    })
    const byDefault = { algorithm: 'aws:kms', kmsKeyId: arn } as const
    expect(await change({ byDefault })).toMatchObject({ now: { blocksCustomerKeys: true }, holds: true })
    expect(await change({ blocksCustomerKeys: false })).toMatchObject({
      now: { algorithm: 'aws:kms', kmsKeyId: arn, blocksCustomerKeys: false },
      holds: true,
    })
    expect((await stored())?.BlockedEncryptionTypes).toEqual({ EncryptionType: ['NONE'] })
    expect(await putOne('x', 'sse-c', { key: mine })).toMatchObject({ mode: 'sse-c' })
  })

  test('a server that was never told of a block is not told of it with another default', async () => {
    await change({ byDefault: { algorithm: 'aws:kms', kmsKeyId: arn } })
    expect((await stored())?.BlockedEncryptionTypes).toBeUndefined()
  })

  test('versions are off, kept, and kept no more', async () => {
    expect(await bucketVersioning(vault.s3, bucket, signal)).toBe('off')
    expect(await changeVersioning(vault, bucket, 'on', signal)).toEqual({ now: 'on', holds: true })
    const first = await putOne('doc', 'sse-s3')
    expect((await putOne('doc', 'sse-s3')).versionId).not.toBe(first.versionId)
    expect(await changeVersioning(vault, bucket, 'suspended', signal)).toEqual({ now: 'suspended', holds: true })
    const told = await vault.s3.send(new GetBucketVersioningCommand({ Bucket: bucket }))
    expect(told.Status).toBe('Suspended')
  })

  test('of a bucket that is not there nothing is changed', async () => {
    bucket = 'no-such-bucket'
    await expect(change({ blocksCustomerKeys: false })).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
    await expect(changeVersioning(vault, bucket, 'on', signal)).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' })
  })
})
