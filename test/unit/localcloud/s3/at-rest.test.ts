import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blobFiles, bytesOf, customerKeyHeaders, failureOf, stageS3, type Stage } from './stage.ts'

const Bucket = 'rest'
const MIB = 1024 * 1024
const customerKey = randomBytes(32)
const own = customerKeyHeaders(customerKey)
let stage: Stage
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-s3-rest-'))
  stage = await stageS3({ dataDir: folder, keepRemovedSeconds: 0 })
  await stage.s3.send(new CreateBucketCommand({ Bucket }))
})
afterEach(async () => {
  await stage.close()
  await rm(folder, { recursive: true, force: true })
})

const put = (Key: string, Body: Buffer, more: Partial<PutObjectCommandInput> = {}) =>
  stage.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = async (Key: string, more = {}) =>
  bytesOf(await stage.s3.send(new GetObjectCommand({ Bucket, Key, ...more })))

async function everything(): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))))
}

/** Files that were being written when the server was killed. */
async function provisionalFiles(): Promise<string[]> {
  const names = await readdir(join(folder, 'objects'), { recursive: true })
  return names.filter((name) => /[0-9a-f]{32}\./.test(name))
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

async function onlyBlob(): Promise<string> {
  const files = await blobFiles(folder)
  expect(files).toHaveLength(1)
  return files[0] ?? ''
}

const MODES: [string, Partial<PutObjectCommandInput>][] = [
  ['SSE-S3', {}],
  ['SSE-KMS', { ServerSideEncryption: 'aws:kms' }],
  ['DSSE-KMS', { ServerSideEncryption: 'aws:kms:dsse' }],
  ['SSE-C', own],
]

it('the folder holds no run of the plaintext and no key', async () => {
  // Every 16-byte block of the plaintext is the same, so that any run of it would be found.
  const block = randomBytes(16)
  for (const [name, mode] of MODES) {
    for (const count of [100, 20_000]) {
      const body = Buffer.concat(Array<Buffer>(count).fill(block))
      await put(`${name}/${String(count)}`, body, mode)
    }
  }
  const bytes = await everything()
  const secrets = [block, customerKey, Buffer.from(stage.cloud.rootKey, 'base64')]
  for (const secret of secrets) {
    for (const form of [secret, secret.toString('base64').slice(0, 21), secret.toString('hex')]) {
      expect(bytes.includes(form)).toBe(false)
    }
  }
})

describe.each(MODES)('%s', (_name, mode) => {
  const read = mode.SSECustomerKey === undefined ? {} : own

  it('damage in the first segment is an error with a name', async () => {
    await put('object', randomBytes(3 * MIB), mode)
    await flip(await onlyBlob(), 50_000)
    expect(await failureOf(get('object', read))).toBe('500 ObjectDamaged')
  })

  it('damage further on breaks the connection; what lies elsewhere stays readable', async () => {
    const body = randomBytes(6 * MIB)
    await put('object', body, mode)
    await flip(await onlyBlob(), 4 * MIB + 100_000)
    expect(await failureOf(get('object', read))).toMatch(/aborted|closed|reset|terminated|hang up/i)
    const range = { Range: 'bytes=1000-1999', ...read }
    expect((await get('object', range)).equals(body.subarray(1000, 2000))).toBe(true)
  })

  it('a file cut short, or gone, is damage', async () => {
    await put('object', randomBytes(MIB), mode)
    const file = await onlyBlob()
    await truncate(file, 70_000)
    expect(await failureOf(get('object', read))).toBe('500 ObjectDamaged')
    await rm(file)
    expect(await failureOf(get('object', read))).toBe('500 ObjectDamaged')
  })

  it('two files that change places are refused', async () => {
    await put('a', randomBytes(MIB), mode)
    await put('b', randomBytes(MIB), mode)
    const [a = '', b = ''] = await blobFiles(folder)
    await rename(a, `${a}.swap`)
    await rename(b, a)
    await rename(`${a}.swap`, b)
    expect(await failureOf(get('a', read))).toBe('500 ObjectDamaged')
    expect(await failureOf(get('b', read))).toBe('500 ObjectDamaged')
  })
})

it('two parts of one object that change places are refused', async () => {
  const { UploadId } = await stage.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }))
  const Parts = []
  for (const PartNumber of [1, 2]) {
    const part = { Bucket, Key: 'parts', UploadId, PartNumber, Body: randomBytes(5 * MIB) }
    Parts.push({ PartNumber, ETag: (await stage.s3.send(new UploadPartCommand(part))).ETag })
  }
  const command = { Bucket, Key: 'parts', UploadId, MultipartUpload: { Parts } }
  await stage.s3.send(new CompleteMultipartUploadCommand(command))
  const sizes = await Promise.all(
    (await blobFiles(folder)).map(async (path) => ({ path, bytes: (await stat(path)).size })),
  )
  const [a = '', b = ''] = sizes.filter(({ bytes }) => bytes > MIB).map(({ path }) => path)
  const [first, second] = [await readFile(a), await readFile(b)]
  await writeFile(a, second)
  await writeFile(b, first)
  expect(await failureOf(get('parts'))).toBe('500 ObjectDamaged')
})

it('files of what is overwritten or deleted go', async () => {
  await put('object', randomBytes(MIB))
  await put('object', randomBytes(MIB))
  await expect.poll(() => blobFiles(folder)).toHaveLength(1)
  await stage.s3.send(new DeleteObjectCommand({ Bucket, Key: 'object' }))
  await expect.poll(() => blobFiles(folder)).toHaveLength(0)
})

it('a reader keeps what is overwritten while it reads', async () => {
  const body = randomBytes(24 * MIB)
  await put('object', body)
  const answer = await stage.s3.send(new GetObjectCommand({ Bucket, Key: 'object' }))
  await put('object', randomBytes(MIB))
  expect((await bytesOf(answer)).equals(body)).toBe(true)
  await expect.poll(() => blobFiles(folder)).toHaveLength(1)
})

it('kill -9 under parallel writes loses nothing acknowledged and leaves nothing half', async () => {
  const acknowledged = new Map<string, Buffer>()
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let i = 0; ; i++) {
      const [key, body] = [`${String(writer)}/${String(i)}`, randomBytes(i % 2 === 0 ? 500 : 300_000)]
      if ((await failureOf(put(key, body))) !== 'no failure') return
      acknowledged.set(key, body)
    }
  })
  await expect.poll(() => acknowledged.size).toBeGreaterThan(10)
  stage.cloud.process.kill('SIGKILL')
  await once(stage.cloud.process, 'exit')
  await Promise.all(writers)
  await writeFile(join(folder, 'objects', 'aa', 'a'.repeat(32)), 'nobody names this')

  const { rootKey } = stage.cloud
  await stage.close()
  stage = await stageS3({ dataDir: folder, rootKey })
  expect(await provisionalFiles()).toEqual([])
  expect(await readdir(join(folder, 'found'))).toEqual(['a'.repeat(32)])
  for (const [key, body] of acknowledged) expect((await get(key)).equals(body), key).toBe(true)
  const { Contents = [] } = await stage.s3.send(new ListObjectsV2Command({ Bucket }))
  for (const { Key = '', Size } of Contents) expect(await get(Key)).toHaveLength(Size ?? -1)
  const large = Contents.filter(({ Size = 0 }) => Size > 32_768)
  expect(await blobFiles(folder)).toHaveLength(large.length)
})
