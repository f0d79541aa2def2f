import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, DeleteObjectTaggingCommand, PutBucketEncryptionCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { get } from '../../../electron/vault/get.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import type { PutResult } from '../../../electron/vault/vault.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { bytes, chunksOf, MiB, openUploads } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* What moto does not do: real SSE-C, KMS keys that can be disabled, buckets that block. */

const watch = { signal: new AbortController().signal }
const bucket = 'local'
let cloud: LocalCloud
let vault: TestVault
/** A key for SSE-C, and one for CSE-C. */
let mine: string
let sealing: string

beforeAll(async () => {
  cloud = await startLocalCloud()
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud
  const credentials = { kind: 'keys', accessKeyId, secretAccessKey } as const
  const checksums = 'when-supported' as const
  vault = await openTestVault(
    { endpoint, kmsEndpoint: undefined, region, pathStyle: true, caBundle: undefined, checksums, credentials },
    true,
  )
  mine = (await vault.keys.create({ name: 'mine' })).id
  sealing = (await vault.keys.create({ name: 'sealing' })).id
})

afterAll(async () => {
  await vault.end()
  await cloud.stop()
})

function putBytes(key: string, content: Buffer, mode: ModeId, keyId: string, into = bucket): Promise<PutResult> {
  const source = { size: content.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(content) }
  return put(vault, { source, bucket: into, key, mode, options: { key: keyId }, overwrite: 'refuse' }, watch)
}

async function contentOf(key: string, options = {}): Promise<Buffer> {
  const path = join(vault.folder, `out-${Math.random()}`)
  await get(vault, { bucket, key, path, options, overwrite: 'refuse' }, watch)
  return readFile(path)
}

describe('an SSE-C object', () => {
  test('whose key nobody remembers is found by its tag, or by trying the ring, and remembered', async () => {
    const content = bytes(20 * MiB)
    await vault.keys.create({ name: 'another', purpose: 'sse-c' })
    await putBytes('sse-c', content, 'sse-c', mine)
    for (const step of ['by its tag', 'by trying the ring'] as const) {
      if (step === 'by trying the ring') {
        await vault.s3.send(new DeleteObjectTaggingCommand({ Bucket: bucket, Key: 'sse-c' }))
      }
      vault.catalog.forget('test', bucket, 'sse-c')
      expect((await contentOf('sse-c')).equals(content), step).toBe(true)
      expect(vault.catalog.recall('test', bucket, 'sse-c')).toMatchObject({ mode: 'sse-c', keyId: mine })
    }
    expect(await verify(vault, { bucket, key: 'sse-c', options: {} }, watch)).toMatchObject({ proof: 'checksum' })
  })

  test('does not open with another key, and says so without any', async () => {
    const other = await vault.keys.create({ name: 'other' })
    await putBytes('locked', bytes(100), 'sse-c', other.id)
    await expect(contentOf('locked', { key: mine })).rejects.toMatchObject({ code: 'KEY_WRONG' })
    await vault.keys.delete(other.id)
    await expect(contentOf('locked')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    const inspection = await inspect(vault, { bucket, key: 'locked', options: {} }, watch.signal)
    expect(inspection).toMatchObject({ mode: 'sse-c', bytes: undefined })
  })

  test('is refused by a bucket that blocks them, with the reason', async () => {
    await vault.s3.send(new CreateBucketCommand({ Bucket: 'blocking' }))
    await vault.s3.send(
      new PutBucketEncryptionCommand({
        Bucket: 'blocking',
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
              BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
            },
          ],
        },
      }),
    )
    const putting = putBytes('x', bytes(1), 'sse-c', mine, 'blocking')
    await expect(putting).rejects.toMatchObject({ code: 'SSE_C_BLOCKED' })
  })
})

test.for(['sse-kms', 'cse-kms'] as const)('%s: a disabled KMS key says so, and enabling it heals', async (mode) => {
  const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
  const { KeyId = '', Arn = '' } = KeyMetadata ?? {}
  const content = bytes(100_000)
  await putBytes(mode, content, mode, Arn)
  await vault.kms.send(new DisableKeyCommand({ KeyId }))
  await expect(contentOf(mode)).rejects.toMatchObject({ code: 'KMS_KEY_DISABLED' })
  await expect(putBytes(`${mode}-2`, content, mode, Arn)).rejects.toMatchObject({ code: 'KMS_KEY_DISABLED' })
  expect(await inspect(vault, { bucket, key: mode, options: {} }, watch.signal)).toMatchObject({ mode })
  await vault.kms.send(new EnableKeyCommand({ KeyId }))
  expect((await contentOf(mode)).equals(content)).toBe(true)
})

describe('cancelled midway', () => {
  test('a put leaves neither object nor upload', async () => {
    const stop = new AbortController()
    const content = bytes(64 * MiB)
    const source = { size: content.length, mtimeMs: undefined, fileMode: undefined, read: () => chunksOf(content) }
    const putting = put(
      vault,
      { source, bucket, key: 'cancelled', mode: 'cse-c', options: { key: sealing }, overwrite: 'refuse' },
      { signal: stop.signal, onProgress: () => stop.abort() },
    )
    await expect(putting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await openUploads(vault.s3, bucket)).toBe(0)
    await expect(contentOf('cancelled')).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
  })

  test('a get leaves no file', async () => {
    await putBytes('large', bytes(40 * MiB), 'cse-c', sealing)
    const stop = new AbortController()
    const before = await readdir(vault.folder)
    const getting = get(
      vault,
      { bucket, key: 'large', path: join(vault.folder, 'large'), options: {}, overwrite: 'refuse' },
      { signal: stop.signal, onProgress: () => stop.abort() },
    )
    await expect(getting).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await readdir(vault.folder)).toEqual(before)
  })
})
