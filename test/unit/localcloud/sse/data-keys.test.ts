import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { createKms } from '../../../../electron/localcloud/kms/service.ts'
import {
  createDataKeys,
  WrongCustomerKeyError,
  type Encryption,
  type Opener,
} from '../../../../electron/localcloud/sse/data-keys.ts'
import { DamagedError } from '../../../../electron/localcloud/sse/segments.ts'

const folder = mkdtempSync(join(tmpdir(), 'coffer-data-keys-'))
const kms = createKms({ dataDir: folder, wrappingKey: randomBytes(32), now: Date.now, principalExists: () => true })
const dataKeys = createDataKeys(randomBytes(32), kms.port)
const customerKey = randomBytes(32)
const context = { 'aws:s3:arn': 'arn:aws:s3:::bucket/key' }
afterAll(() => {
  kms.close()
  rmSync(folder, { recursive: true })
})

const by = (key?: Buffer): Opener => ({ principal: OWNER, customerKey: key })
const MODES: [string, Encryption, number][] = [
  ['SSE-S3', { mode: 'AES256' }, 1],
  ['SSE-KMS', { mode: 'aws:kms', keyId: undefined, context, bucketKey: false }, 1],
  ['SSE-KMS with a bucket key', { mode: 'aws:kms', keyId: undefined, context, bucketKey: true }, 1],
  ['DSSE-KMS', { mode: 'aws:kms:dsse', keyId: undefined, context, bucketKey: false }, 2],
  ['SSE-C', { mode: 'SSE-C', customerKey }, 1],
]

describe.each(MODES)('%s', (_name, encryption, layers) => {
  it('gives the same keys back from the envelope, and only for its object', () => {
    const { envelope, keys } = dataKeys.issue(encryption, 'a', OWNER)
    expect(keys).toHaveLength(layers)
    expect(dataKeys.open(envelope, 'a', by(customerKey))).toEqual(keys)
    if (encryption.mode !== 'aws:kms' || encryption.bucketKey) {
      expect(() => dataKeys.open(envelope, 'b', by(customerKey))).toThrow(DamagedError)
    }
  })

  it('keeps no data key in the envelope, and never the same one twice', () => {
    const [first, second] = [dataKeys.issue(encryption, 'a', OWNER), dataKeys.issue(encryption, 'a', OWNER)]
    const text = JSON.stringify(first.envelope)
    for (const secret of [...first.keys, customerKey]) {
      expect(text).not.toContain(secret.toString('base64').slice(0, 24))
      expect(text).not.toContain(secret.toString('hex').slice(0, 24))
    }
    expect(first.keys).not.toEqual(second.keys)
  })
})

it('a customer key opens only what it sealed', () => {
  const { envelope } = dataKeys.issue({ mode: 'SSE-C', customerKey }, 'a', OWNER)
  expect(() => dataKeys.open(envelope, 'a', by(randomBytes(32)))).toThrow(WrongCustomerKeyError)
  expect(() => dataKeys.open(envelope, 'a', by())).toThrow(WrongCustomerKeyError)
})

it('another encryption context is refused by KMS', () => {
  const { envelope } = dataKeys.issue({ mode: 'aws:kms', keyId: undefined, context, bucketKey: false }, 'a', OWNER)
  const changed = { ...envelope, context: { 'aws:s3:arn': 'arn:aws:s3:::bucket/other' } }
  expect(() => dataKeys.open(changed as typeof envelope, 'a', by())).toThrow(
    expect.objectContaining({ code: 'InvalidCiphertextException' }),
  )
})

it('wrapping anew keeps the data key', () => {
  const { envelope, keys } = dataKeys.issue({ mode: 'AES256' }, 'a', OWNER)
  const to = { mode: 'aws:kms', keyId: undefined, context, bucketKey: false } as const
  const rewrapped = dataKeys.rewrap(envelope, to, 'a', by())
  expect(rewrapped.mode).toBe('aws:kms')
  expect(dataKeys.open(rewrapped, 'a', by())).toEqual(keys)
  expect(dataKeys.open(dataKeys.rewrap(rewrapped, to, 'a', by()), 'a', by())).toEqual(keys)
})
