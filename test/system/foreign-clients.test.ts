import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise, writeFiles } from '../support/files.ts'
import { pythonTool, run, succeed } from '../support/run.ts'
import { stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'
import { tlsFront } from '../support/tls-front.ts'

const MIB = 1024 * 1024
const BUCKET = 'foreign'
const small = noise(70_001, 'small')
const large = noise(100 * MIB, 'large')

let stage: ComputerStage
let folder: string
let kmsKey: string
let env: Record<string, string | undefined>

beforeAll(async () => {
  stage = await stageComputer()
  folder = stage.person.folder
  env = { ...stage.person.env, ...stage.awsEnv }
  await writeFiles(folder, { small, large, 'tree/a.txt': noise(10, 'a'), 'tree/deep/er/b.bin': noise(300_000, 'b') })
  await writeFile(join(folder, 'customer.key'), randomBytes(32))
  await aws('s3', 'mb', `s3://${BUCKET}`)
  kmsKey = (await aws('kms', 'create-key', '--query', 'KeyMetadata.KeyId', '--output', 'text')).trim()
})
afterAll(() => stage.close())

const aws = (...args: string[]): Promise<string> => succeed(pythonTool('aws'), args, { env, cwd: folder })
const returned = (name: string): Promise<Buffer> => readFile(join(folder, name))

async function head(key: string): Promise<Record<string, unknown>> {
  const text = await aws('s3api', 'head-object', '--bucket', BUCKET, '--key', key)
  return JSON.parse(text) as Record<string, unknown>
}

describe('AWS CLI, s3', () => {
  it.each([
    ['--sse (SSE-S3)', 'sse-s3', ['--sse'], { ServerSideEncryption: 'AES256' }],
    ['--sse aws:kms', 'sse-kms', ['--sse', 'aws:kms'], { ServerSideEncryption: 'aws:kms' }],
  ])('cp both ways with %s', async (_, key, options, told) => {
    const named = key === 'sse-kms' ? [...options, '--sse-kms-key-id', kmsKey] : options
    await aws('s3', 'cp', '--quiet', 'small', `s3://${BUCKET}/${key}`, ...named)
    await aws('s3', 'cp', '--quiet', `s3://${BUCKET}/${key}`, `${key}.back`)
    expect((await returned(`${key}.back`)).equals(small)).toBe(true)
    expect(await head(key)).toMatchObject(told)
  })

  it('cp both ways with --sse-c, and nothing without the key', async () => {
    const key = ['--sse-c', 'AES256', '--sse-c-key', 'fileb://customer.key']
    await aws('s3', 'cp', '--quiet', 'small', `s3://${BUCKET}/sse-c`, ...key)
    await aws('s3', 'cp', '--quiet', `s3://${BUCKET}/sse-c`, 'sse-c.back', ...key)
    expect((await returned('sse-c.back')).equals(small)).toBe(true)
    await expect(aws('s3', 'cp', `s3://${BUCKET}/sse-c`, 'no.back')).rejects.toThrow(/400|Bad Request|InvalidRequest/)
  })

  it.each([
    ['SSE-S3', []],
    ['SSE-C', ['--sse-c', 'AES256', '--sse-c-key', 'fileb://customer.key']],
  ])('a 100 MiB multipart upload comes back whole, %s', async (mode, options) => {
    await aws('s3', 'cp', '--quiet', 'large', `s3://${BUCKET}/large-${mode}`, ...options)
    await aws('s3', 'cp', '--quiet', `s3://${BUCKET}/large-${mode}`, 'large.back', ...options)
    expect((await returned('large.back')).equals(large)).toBe(true)
    if (mode === 'SSE-S3') expect(String((await head(`large-${mode}`))['ETag'])).toMatch(/-13"$/)
  })

  it('sync sends a tree once and finds nothing to do the second time', async () => {
    expect(await aws('s3', 'sync', '--no-progress', 'tree', `s3://${BUCKET}/tree`)).toMatch(/upload: .*b\.bin/)
    expect(await aws('s3', 'sync', '--no-progress', 'tree', `s3://${BUCKET}/tree`)).toBe('')
    await aws('s3', 'sync', '--quiet', `s3://${BUCKET}/tree`, 'tree.back')
    expect((await returned('tree.back/deep/er/b.bin')).equals(noise(300_000, 'b'))).toBe(true)
  })

  it('a presigned link opens in curl', async () => {
    const link = (await aws('s3', 'presign', `s3://${BUCKET}/sse-kms`, '--expires-in', '60')).trim()
    await succeed('curl', ['--silent', '--show-error', '--fail', '--output', 'curl.back', link], { cwd: folder })
    expect((await returned('curl.back')).equals(small)).toBe(true)
  })

  it('ls and rm', async () => {
    expect(await aws('s3', 'ls', `s3://${BUCKET}/tree/`)).toMatch(/PRE deep\/\n.* 10 a\.txt/)
    await aws('s3', 'rm', '--quiet', '--recursive', `s3://${BUCKET}/tree`)
    expect((await run(pythonTool('aws'), ['s3', 'ls', `s3://${BUCKET}/tree/`], { env })).stdout).toBe('')
  })
})

describe('AWS CLI, kms', () => {
  const text = async (...args: string[]): Promise<string> => (await aws('kms', ...args, '--output', 'text')).trim()
  const disk = (name: string): string => join(folder, name)

  it('encrypt and decrypt, under the context they were given', async () => {
    await writeFile(disk('word'), 'a secret word')
    const context = ['--encryption-context', 'purpose=test']
    const blob = await text(
      ...['encrypt', '--key-id', kmsKey, '--plaintext', `fileb://${disk('word')}`],
      ...context,
      ...['--query', 'CiphertextBlob'],
    )
    await writeFile(disk('blob'), Buffer.from(blob, 'base64'))
    const decrypt = ['decrypt', '--ciphertext-blob', `fileb://${disk('blob')}`, '--query', 'Plaintext']
    expect(Buffer.from(await text(...decrypt, ...context), 'base64').toString()).toBe('a secret word')
    await expect(text(...decrypt)).rejects.toThrow('InvalidCiphertextException')
  })

  it('generate-data-key: the wrapped key unwraps to the plain one', async () => {
    const made = JSON.parse(
      await aws('kms', 'generate-data-key', '--key-id', kmsKey, '--key-spec', 'AES_256', '--output', 'json'),
    ) as { Plaintext: string; CiphertextBlob: string }
    expect(Buffer.from(made.Plaintext, 'base64')).toHaveLength(32)
    await writeFile(disk('data-key'), Buffer.from(made.CiphertextBlob, 'base64'))
    const args = ['decrypt', '--ciphertext-blob', `fileb://${disk('data-key')}`, '--query', 'Plaintext']
    expect(await text(...args)).toBe(made.Plaintext)
  })

  it('disable-key: neither KMS nor S3 uses the key until enable-key', async () => {
    await aws('kms', 'disable-key', '--key-id', kmsKey)
    const asked = ['generate-data-key', '--key-id', kmsKey, '--key-spec', 'AES_256', '--query', 'KeyId']
    await expect(text(...asked)).rejects.toThrow('DisabledException')
    await expect(aws('s3', 'cp', `s3://${BUCKET}/sse-kms`, 'disabled.back')).rejects.toThrow()
    const get = ['s3api', 'get-object', '--bucket', BUCKET, '--key', 'sse-kms', 'disabled.back']
    await expect(aws(...get)).rejects.toThrow('KMS.DisabledException')
    await aws('kms', 'enable-key', '--key-id', kmsKey)
    expect(await text(...asked)).toMatch(kmsKey)
    await aws('s3', 'cp', '--quiet', `s3://${BUCKET}/sse-kms`, 'enabled.back')
  })

  it('aliases, rotation, tags and scheduled deletion', async () => {
    await aws('kms', 'create-alias', '--alias-name', 'alias/foreign', '--target-key-id', kmsKey)
    expect(await text('list-aliases', '--key-id', kmsKey, '--query', 'Aliases[].AliasName')).toBe('alias/foreign')
    await aws('kms', 'enable-key-rotation', '--key-id', kmsKey)
    expect(await text('get-key-rotation-status', '--key-id', kmsKey, '--query', 'KeyRotationEnabled')).toBe('True')
    await aws('kms', 'rotate-key-on-demand', '--key-id', kmsKey)
    await aws('kms', 'tag-resource', '--key-id', kmsKey, '--tags', 'TagKey=a,TagValue=b')
    expect(await text('list-resource-tags', '--key-id', kmsKey, '--query', 'Tags[].TagValue')).toBe('b')
    await aws('kms', 'schedule-key-deletion', '--key-id', kmsKey, '--pending-window-in-days', '7')
    const state = ['describe-key', '--key-id', 'alias/foreign', '--query', 'KeyMetadata.KeyState']
    expect(await text(...state)).toBe('PendingDeletion')
    await aws('kms', 'cancel-key-deletion', '--key-id', kmsKey)
    expect(await text(...state)).toBe('Disabled')
    await aws('kms', 'enable-key', '--key-id', kmsKey)
  })
})

describe('rclone', () => {
  const remote = (extra: Record<string, string> = {}): Record<string, string> => ({
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_BOX_TYPE: 's3',
    RCLONE_CONFIG_BOX_PROVIDER: 'Other',
    RCLONE_CONFIG_BOX_ENDPOINT: stage.endpoint,
    RCLONE_CONFIG_BOX_REGION: stage.computer.region,
    RCLONE_CONFIG_BOX_ACCESS_KEY_ID: stage.computer.accessKeyId,
    RCLONE_CONFIG_BOX_SECRET_ACCESS_KEY: stage.computer.secretAccessKey,
    ...extra,
  })
  const rclone = (args: string[], extra?: Record<string, string>): Promise<string> =>
    succeed('rclone', args, { env: { ...env, ...remote(extra) }, cwd: folder })

  it('copy, check and lsf', async () => {
    await rclone(['copy', 'tree', `box:${BUCKET}/rclone`])
    await rclone(['check', 'tree', `box:${BUCKET}/rclone`])
    expect(await rclone(['lsf', '-R', '--files-only', `box:${BUCKET}/rclone`])).toBe('a.txt\ndeep/er/b.bin\n')
    await rclone(['copy', `box:${BUCKET}/rclone`, 'rclone.back'])
    await rclone(['check', 'rclone.back', 'tree'])
  })

  it('a 100 MiB multipart upload, and back', async () => {
    await rclone(['copyto', '--s3-upload-cutoff', '16M', 'large', `box:${BUCKET}/rclone-large`])
    await rclone(['copyto', `box:${BUCKET}/rclone-large`, 'rclone-large.back'])
    expect((await returned('rclone-large.back')).equals(large)).toBe(true)
  })

  it('SSE-C: with the key all works, without it nothing is read', async () => {
    // Its AWS SDK sends customer keys over TLS only.
    const front = await tlsFront(stage.endpoint, folder)
    const key = randomBytes(16).toString('hex')
    const tls = { RCLONE_CONFIG_BOX_ENDPOINT: front.url, RCLONE_CA_CERT: front.caFile }
    const ours = {
      ...tls,
      RCLONE_CONFIG_BOX_SSE_CUSTOMER_ALGORITHM: 'AES256',
      RCLONE_CONFIG_BOX_SSE_CUSTOMER_KEY: key,
      RCLONE_S3_UPLOAD_CUTOFF: '16M',
    }
    await rclone(['copyto', 'large', `box:${BUCKET}/rclone-c/large`], ours)
    await rclone(['copyto', 'small', `box:${BUCKET}/rclone-c/small`], ours)
    await rclone(['copy', `box:${BUCKET}/rclone-c`, 'rclone-c.back'], ours)
    expect((await returned('rclone-c.back/small')).equals(small)).toBe(true)
    expect((await returned('rclone-c.back/large')).equals(large)).toBe(true)
    const withoutKey = await run('rclone', ['cat', '--retries', '1', `box:${BUCKET}/rclone-c/small`], {
      env: { ...env, ...remote(tls) },
    })
    expect(withoutKey.stdout).toBe('')
    await front.close()
  })
})

it('boto3 finds S3 as it knows it', async () => {
  const script = resolve('test/system/boto3_client.py')
  expect(await succeed(pythonTool('python'), [script, kmsKey], { env, cwd: folder })).toMatch(/deletions\n$/)
})
