import { GenerateDataKeyCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { SignatureV4 } from '@smithy/signature-v4'
import { createHash, createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeFiles } from '../support/files.ts'
import { awsClients, stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'

const BUCKET = 'signed'

let stage: ComputerStage
beforeAll(async () => {
  stage = await stageComputer()
  await stage.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await stage.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'there', Body: 'content' }))
})
afterAll(() => stage.close())

/** The hash that the signer asks for: SHA-256, or HMAC-SHA-256 if it is given a key. */
class Sha256 {
  private readonly hash

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(data))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest())
  }

  reset(): void {
    throw new Error('signing needs no reset')
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
}

interface Call {
  method: string
  path: string
  headers?: Record<string, string>
  query?: Record<string, string>
  body?: string
}

function signer(): SignatureV4 {
  const { accessKeyId, secretAccessKey, region } = stage.computer
  const credentials = { accessKeyId, secretAccessKey }
  return new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false })
}

function requestOf(call: Call): Parameters<SignatureV4['sign']>[0] {
  const { hostname, port, host } = new URL(stage.endpoint)
  const headers = { host, ...call.headers }
  return { protocol: 'http:', hostname, port: Number(port), query: {}, ...call, headers }
}

interface Answer {
  status: number
  code: string | undefined
  text: string
}

async function send(call: Call): Promise<Answer> {
  const query = new URLSearchParams(call.query).toString()
  const headers = new Headers(call.headers)
  headers.delete('host')
  const answer = await fetch(`${stage.endpoint}${call.path}${query ? `?${query}` : ''}`, {
    method: call.method,
    headers,
    ...(call.body === undefined ? {} : { body: call.body }),
  })
  const text = await answer.text()
  return { status: answer.status, code: /<Code>(\w+)<\/Code>/.exec(text)?.[1], text }
}

async function signed(call: Call, at = new Date()): Promise<Call> {
  return (await signer().sign(requestOf(call), { signingDate: at })) as Call
}

async function presigned(call: Call, expiresIn = 60): Promise<Call> {
  const request = requestOf({ ...call, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })
  return (await signer().presign(request, { expiresIn })) as Call
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const put = (body: string): Call => ({
  method: 'PUT',
  path: `/${BUCKET}/new`,
  headers: { 'x-amz-content-sha256': sha256(body) },
  body,
})
const read: Call = { method: 'GET', path: `/${BUCKET}/there`, headers: { 'x-amz-content-sha256': sha256('') } }

async function expectNothingStored(): Promise<void> {
  const head = stage.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'new' }))
  await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })
}

describe('signatures in headers', () => {
  it('a right one is let in', async () => {
    expect(await send(await signed(read))).toMatchObject({ status: 200, text: 'content' })
  })

  it('one made with another secret is refused', async () => {
    const { s3 } = awsClients({ ...stage.awsEnv, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) })
    const attempt = s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'there' }))
    await expect(attempt).rejects.toMatchObject({ name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } })
  })

  it('an unknown access key is refused', async () => {
    const { s3 } = awsClients({ ...stage.awsEnv, AWS_ACCESS_KEY_ID: 'AKIAUNKNOWNUNKNOWN00' })
    const attempt = s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'there' }))
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidAccessKeyId', $metadata: { httpStatusCode: 403 } })
  })

  it('no signature at all is refused', async () => {
    expect(await send(read)).toMatchObject({ status: 403, code: 'AccessDenied' })
  })

  it.each<[string, (call: Call) => Call]>([
    ['another object', (call) => ({ ...call, path: `/${BUCKET}/new` })],
    ['another method', (call) => ({ ...call, method: 'DELETE' })],
    ['an added query', (call) => ({ ...call, query: { versionId: 'null' } })],
    [
      'a changed signed header',
      (call) => ({ ...call, headers: { ...call.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }),
    ],
  ])('a signature does not serve for %s', async (_, change) => {
    expect(await send(change(await signed(read)))).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('a request signed 20 minutes ago is refused', async () => {
    const old = await signed(read, new Date(Date.now() - 20 * 60_000))
    expect(await send(old)).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed' })
  })

  it('an altered body is refused and not stored', async () => {
    const call = await signed(put('what was signed'))
    expect(await send({ ...call, body: 'what was s1gned' })).toMatchObject({
      status: 400,
      code: 'XAmzContentSHA256Mismatch',
    })
    await expectNothingStored()
  })

  it.each([
    ['Content-MD5', 'content-md5', createHash('md5').update('other').digest('base64')],
    ['SHA-256 checksum', 'x-amz-checksum-sha256', createHash('sha256').update('other').digest('base64')],
  ])('a body that its %s does not fit is refused and not stored', async (_, header, value) => {
    const call = put('body')
    const answer = await send(await signed({ ...call, headers: { ...call.headers, [header]: value } }))
    expect(answer).toMatchObject({ status: 400, code: 'BadDigest' })
    await expectNothingStored()
  })
})

describe('presigned links', () => {
  it('a right one is let in', async () => {
    expect(await send(await presigned(read))).toMatchObject({ status: 200, text: 'content' })
  })

  it('one that has expired is refused', async () => {
    const link = await presigned(read, 1)
    await sleep(2100)
    const answer = await send(link)
    expect(answer).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(answer.text).toContain('Request has expired')
  })

  it.each<[string, (call: Call) => Call]>([
    ['another object', (call) => ({ ...call, path: `/${BUCKET}/new` })],
    ['a longer life', (call) => ({ ...call, query: { ...call.query, 'X-Amz-Expires': '3600' } })],
    ['another method', (call) => ({ ...call, method: 'DELETE' })],
  ])('one does not serve for %s', async (_, change) => {
    expect(await send(change(await presigned(read)))).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  it('none lives longer than seven days', async () => {
    const link = await presigned(read)
    const answer = await send({ ...link, query: { ...link.query, 'X-Amz-Expires': '604801' } })
    expect(answer).toMatchObject({ status: 400, code: 'AuthorizationQueryParametersError' })
  })
})

describe('KMS', () => {
  it('a wrong signature is refused', async () => {
    const { kms } = awsClients({ ...stage.awsEnv, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) })
    const attempt = kms.send(new CreateKeyCommand({}))
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  })

  it('another principal may not use a key whose policy does not name them', async () => {
    const [eve] = await stage.person.done(['principal', 'add', 'eve'])
    const key = await stage.kms.send(new CreateKeyCommand({}))
    const { kms } = awsClients({
      ...stage.awsEnv,
      AWS_ACCESS_KEY_ID: eve?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: eve?.secretAccessKey ?? '',
    })
    const attempt = kms.send(new GenerateDataKeyCommand({ KeyId: key.KeyMetadata?.KeyId, KeySpec: 'AES_256' }))
    await expect(attempt).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  it('a principal who was removed is let in no more', async () => {
    const [gone] = await stage.person.done(['principal', 'add', 'gone'])
    await stage.person.done(['principal', 'remove', 'gone'])
    const { s3 } = awsClients({
      ...stage.awsEnv,
      AWS_ACCESS_KEY_ID: gone?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: gone?.secretAccessKey ?? '',
    })
    const attempt = s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'there' }))
    await expect(attempt).rejects.toMatchObject({ name: 'InvalidAccessKeyId' })
  })
})

it('the command line says in words that the credentials are wrong: exit 4', async () => {
  await writeFiles(stage.person.folder, { file: Buffer.from('x') })
  const env = { AWS_ACCESS_KEY_ID: stage.computer.accessKeyId, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) }
  const args = ['put', 'file', `s3://${BUCKET}/new`, '--mode', 'sse-s3', ...stage.computer.options]
  expect(await stage.person.coffer(args, { env })).toMatchObject({ code: 4, error: { code: 'BAD_CREDENTIALS' } })
})
