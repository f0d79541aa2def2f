import { EncryptCommand } from '@aws-sdk/client-kms'
import { CopyObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { send } from '../../../electron/cloud/send.ts'
import { decrypt, generateDataKey } from '../../../electron/cloud/wire/kms.ts'
import { getObject, putObject } from '../../../electron/cloud/wire/wire.ts'

/** An address that is nobody's (RFC 5737): whatever were sent there would fail in another way. */
const OPEN = 'http://192.0.2.1:9'

const { signal } = new AbortController()
const key = Buffer.alloc(32, 7).toString('base64')
const Bucket = 'bucket'
const Key = 'key'
const sealed = { Bucket, Key, SSECustomerAlgorithm: 'AES256', SSECustomerKey: key, SSECustomerKeyMD5: 'md5' }
const copied = {
  Bucket,
  Key,
  CopySource: 'bucket/other',
  CopySourceSSECustomerAlgorithm: 'AES256',
  CopySourceSSECustomerKey: key,
}
const content = { pieces: [Buffer.from('content')], length: 7 }

let clients: Clients
beforeEach(() => {
  clients = openClients({
    endpoint: OPEN,
    kmsEndpoint: OPEN,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    patience: 1_000,
  })
})
afterEach(() => clients.close())

test.for<[string, () => Promise<unknown>]>([
  ['PutObject', () => putObject(clients.s3, sealed, content, signal)],
  ['GetObject', () => getObject(clients.s3, sealed, signal)],
  ['HeadObject', () => send(clients.s3, new HeadObjectCommand(sealed), signal)],
  ['CopyObject, whose source has it', () => send(clients.s3, new CopyObjectCommand(copied), signal)],
])('a customer’s key is not sent over an open wire: %s', async ([, call]) => {
  const failed = await call().catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'INVALID_INPUT' })
  expect(String(failed)).not.toContain(key)
})

test.for<[string, () => Promise<unknown>]>([
  ['GenerateDataKey', () => generateDataKey(clients.kms, { KeyId: 'k', KeySpec: 'AES_256' }, signal)],
  ['Decrypt', () => decrypt(clients.kms, { CiphertextBlob: Buffer.from('wrapped') }, signal)],
  ['Encrypt', () => send(clients.kms, new EncryptCommand({ KeyId: 'k', Plaintext: content.pieces[0] }), signal)],
])('a KMS is not talked to over an open wire: %s', async ([, call]) => {
  await expect(call()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
