import { CreateKeyCommand, DecryptCommand } from '@aws-sdk/client-kms'
import type { KMSClient } from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { temporaryFolder } from '../support/files.ts'
import { kmsClient } from '../support/kms.ts'
import { startLocalCloud } from '../support/localcloud.ts'
import type { LocalCloud } from '../support/localcloud.ts'
import { CLIENTS } from './clients.ts'
import type { Driver, Keyring, KeyringKind, Order } from './driver.ts'
import type { Golden, GoldenObject } from './golden.ts'
import { CONTEXTS, seriesOf } from './matrix.ts'
import type { Series } from './matrix.ts'

/** Writes test/fixtures/s3ec-clients.json anew: one small object of each way in which each client writes. */

const TARGET = resolve(import.meta.dirname, '../fixtures/s3ec-clients.json')
const BUCKET = 'golden'
const PLAINTEXT = Buffer.from('Sealed by one of Amazon’s own clients, for Coffer to open: größer als ein Block.')

interface Stage {
  cloud: LocalCloud
  s3: S3Client
  kms: KMSClient
  keyrings: Record<KeyringKind, Keyring>
  file: string
}

const folder = await temporaryFolder()
const cloud = await startLocalCloud()
try {
  const stage = await prepare(cloud, join(folder.path, 'plaintext'))
  const objects: GoldenObject[] = []
  for (const client of CLIENTS) {
    const driver = await client.start()
    for (const series of seriesOf(client).filter(isKept))
      objects.push(await writeOne(stage, driver, series, `${client.id}-${series.folder}`))
    await driver.stop()
  }
  const names = CLIENTS.map(({ name }) => name).join(', ')
  const golden: Golden = {
    about: `Written by Amazon's S3 encryption clients (${names}). The keys serve these tests only. See README.md.`,
    aesKey: stage.keyrings.aes.key,
    rsaKey: stage.keyrings.rsa.key,
    plaintext: PLAINTEXT.toString('base64'),
    objects,
  }
  await writeFile(TARGET, `${JSON.stringify(golden, null, 2)}\n`)
  console.log(`${objects.length} objects`)
} finally {
  await cloud.stop()
  await folder.remove()
}

/** With the richest context that goes there, and without any. */
function isKept({ context, files }: Series): boolean {
  return context === 'none' || files.includes('parts')
}

async function prepare(local: LocalCloud, file: string): Promise<Stage> {
  const { endpoint, region, accessKeyId, secretAccessKey } = local
  const credentials = { accessKeyId, secretAccessKey }
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await writeFile(file, PLAINTEXT)
  const kms = kmsClient(local)
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const keyrings: Record<KeyringKind, Keyring> = {
    kms: { kind: 'kms', key: KeyMetadata?.Arn ?? '' },
    aes: { kind: 'aes', key: randomBytes(32).toString('base64') },
    rsa: { kind: 'rsa', key: pair.privateKey },
  }
  return { cloud: local, s3, kms, keyrings, file }
}

async function writeOne(stage: Stage, driver: Driver, series: Series, name: string): Promise<GoldenObject> {
  const { endpoint, region, accessKeyId, secretAccessKey } = stage.cloud
  const { format, keyring, place } = series
  const pairs = CONTEXTS[series.context] ?? {}
  const order: Order = {
    op: 'put',
    server: { s3: endpoint, kms: endpoint, region, accessKeyId, secretAccessKey, expectContinue: true },
    bucket: BUCKET,
    key: name,
    format,
    place,
    keyring: stage.keyrings[keyring],
    file: stage.file,
    ...(keyring === 'kms' ? { context: pairs } : { description: pairs }),
  }
  const answer = await driver.ask(order)
  if ('error' in answer) throw new Error(`${name}: ${answer.error}`)
  const { Metadata: metadata = {}, bytes } = await download(stage.s3, name)
  const instruction =
    place === 'instruction' ? (await download(stage.s3, `${name}.instruction`)).bytes.toString() : undefined
  const envelope = { ...metadata, ...(instruction === undefined ? {} : (JSON.parse(instruction) as typeof metadata)) }
  return {
    name,
    format,
    keyring,
    place,
    metadata,
    ...(instruction === undefined ? {} : { instruction }),
    body: bytes.toString('base64'),
    ...(keyring === 'kms' ? { kms: await askKms(stage, envelope, { ...pairs, ...boundTo(format) }) } : {}),
  }
}

async function download(s3: S3Client, Key: string): Promise<{ Metadata?: Record<string, string>; bytes: Buffer }> {
  const { Metadata, Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
  return Metadata === undefined ? { bytes } : { Metadata, bytes }
}

function boundTo(format: Series['format']): Record<string, string> {
  return { 'aws:x-amz-cek-alg': format === 'v3' ? '115' : 'AES/GCM/NoPadding' }
}

/** What KMS says to whoever asks it for this object's data key. */
async function askKms(
  { kms }: Stage,
  envelope: Record<string, string>,
  context: Record<string, string>,
): Promise<NonNullable<GoldenObject['kms']>> {
  const wrapped = envelope['x-amz-3'] ?? envelope['x-amz-key-v2'] ?? ''
  const command = new DecryptCommand({ CiphertextBlob: Buffer.from(wrapped, 'base64'), EncryptionContext: context })
  const { Plaintext, KeyId } = await kms.send(command)
  return { keyArn: KeyId ?? '', wrapped, context, dataKey: Buffer.from(Plaintext ?? []).toString('base64') }
}
