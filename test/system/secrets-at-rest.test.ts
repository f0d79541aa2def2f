import { CreateKeyCommand, RotateKeyOnDemandCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OWNER } from '../../electron/localcloud/account.ts'
import { openMaterial } from '../../electron/localcloud/kms/core.ts'
import { createKms } from '../../electron/localcloud/kms/service.ts'
import { openKmsStore } from '../../electron/localcloud/kms/store.ts'
import { deriveKeys } from '../../electron/localcloud/root-key.ts'
import type { DerivedKeys } from '../../electron/localcloud/root-key.ts'
import { createDataKeys } from '../../electron/localcloud/sse/data-keys.ts'
import type { Envelope } from '../../electron/localcloud/sse/data-keys.ts'
import { awsEnv } from '../support/computer.ts'
import { filesBelow, noise, temporaryFolder } from '../support/files.ts'
import { startLocalCloud } from '../support/localcloud.ts'
import { findAny, formsOf } from '../support/needles.ts'
import { awsClients } from '../support/servers.ts'

/*
 * With the root key in hand, every secret of the server can be unwrapped as the server itself does; each is then looked
 * for in what the disk held while the server ran, its write-ahead logs included.
 */

const BUCKET = 'secrets'
const customerKey = randomBytes(32)
const rootKey = randomBytes(32)
const masters: Record<keyof DerivedKeys, Buffer> = {
  s3Master: Buffer.alloc(0),
  kmsWrapping: Buffer.alloc(0),
  principalsWrapping: Buffer.alloc(0),
  indexLog: Buffer.alloc(0),
  description: Buffer.alloc(0),
}
/** Every file of the data folder, as it was while the server ran. */
const disk = new Map<string, Buffer>()
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
  const dataDir = folder.path
  const server = await startLocalCloud({ dataDir, rootKey: rootKey.toString('base64') })
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const { s3, kms } = awsClients(awsEnv(endpoint, endpoint, region, accessKeyId, secretAccessKey))

  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const modes: Record<string, Partial<PutObjectCommandInput>> = {
    'sse-s3': { ServerSideEncryption: 'AES256' },
    'sse-kms': { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyMetadata?.KeyId },
    'bucket-key': { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyMetadata?.KeyId, BucketKeyEnabled: true },
    dsse: { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: KeyMetadata?.KeyId },
    managed: { ServerSideEncryption: 'aws:kms' },
    'sse-c': {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: customerKey.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(customerKey).digest('base64'),
    },
  }
  for (const [mode, fields] of Object.entries(modes)) {
    for (const size of [100, 300_000]) {
      const Body = noise(size, `${mode} ${size}`)
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${mode}/${size}`, Body, ...fields }))
    }
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: KeyMetadata?.KeyId }))
  }
  for (const path of await filesBelow(dataDir)) disk.set(path, await readFile(join(dataDir, path)))
  await server.stop()

  Object.assign(masters, deriveKeys(Buffer.from(rootKey), dataDir))
})
afterAll(() => folder.remove())

function expectNowhere(secrets: Buffer[]): void {
  const find = findAny(secrets.flatMap(formsOf))
  expect([...disk].filter(([, bytes]) => find(bytes)).map(([path]) => path)).toEqual([])
}

it('the root key and the keys derived from it are nowhere on disk', () => {
  expectNowhere([rootKey, ...Object.values(masters)])
})

it('no version of KMS key material is on disk in the clear', () => {
  const store = openKmsStore(folder.path, masters.kmsWrapping)
  const core = { store, wrappingKey: masters.kmsWrapping, now: Date.now, principalExists: () => true }
  const materials = store
    .keys()
    .flatMap(({ id }) => store.materials(id).map(({ version }) => openMaterial(core, id, version)?.key))
    .filter((key) => key !== undefined)
  store.close()
  expect(materials.length, 'the rotated key and the managed one').toBeGreaterThan(6)
  expectNowhere(materials)
})

it("no object's data key is on disk in the clear, and neither is the customer's key", () => {
  const kms = createKms({
    dataDir: folder.path,
    wrappingKey: masters.kmsWrapping,
    now: Date.now,
    principalExists: () => true,
  })
  const dataKeys = createDataKeys(masters.s3Master, kms.port)
  const database = new DatabaseSync(join(folder.path, 's3.db'), { readOnly: true })
  const rows = database.prepare('SELECT object, envelope FROM versions').all()
  const keys = rows.flatMap(({ object, envelope }) =>
    dataKeys.open(JSON.parse(String(envelope)) as Envelope, String(object), { principal: OWNER, customerKey }),
  )
  database.close()
  kms.close()
  expect(keys, 'one for each object, and a second for dual-layer ones').toHaveLength(14)
  expectNowhere([...keys, customerKey])
})
