import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { DecryptCommand, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { describeFailure } from '../../../electron/cloud/failure.ts'
import { send } from '../../../electron/cloud/send.ts'
import type { CofferError } from '../../../electron/base/errors.ts'

/** A server that gives one prepared answer to everything: the services' own words, as their references have them. */
let answer: { status: number; headers?: Record<string, string>; body?: string }
let server: Server
let clients: Clients
const { signal } = new AbortController()

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(answer.status, { 'x-amz-request-id': 'REQ1', ...answer.headers })
      response.end(request.method === 'HEAD' ? undefined : answer.body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  clients = openClients({
    endpoint: `http://127.0.0.1:${port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  })
})

afterAll(() => {
  clients.close()
  server.closeAllConnections()
  server.close()
})

function s3Says(status: number, code: string, message: string, more = ''): void {
  answer = { status, body: `<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>` }
}

function kmsSays(code: string, message: string): void {
  const headers = { 'content-type': 'application/x-amz-json-1.1' }
  answer = { status: 400, headers, body: JSON.stringify({ __type: code, message }) }
}

async function failure(asking: Promise<unknown>): Promise<CofferError> {
  return asking.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error as CofferError,
  )
}

const customerKey = Buffer.alloc(32, 9).toString('base64')
const get = (more = {}) => send(clients.s3, new GetObjectCommand({ Bucket: 'b', Key: 'k', ...more }), signal)
const head = (more = {}) => send(clients.s3, new HeadObjectCommand({ Bucket: 'b', Key: 'k', ...more }), signal)
const put = (more = {}) => send(clients.s3, new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: 'x', ...more }), signal)
const decrypt = () =>
  send(clients.kms, new DecryptCommand({ CiphertextBlob: Buffer.from('x'), KeyId: 'alias/a' }), signal)

describe('S3 says', () => {
  test.for([
    [400, 'ExpiredToken', 'The provided token has expired.', 'CREDENTIALS_EXPIRED'],
    [403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 'BAD_CREDENTIALS'],
    [403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.', 'BAD_CREDENTIALS'],
    [
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      'CLOCK_SKEW',
    ],
    [404, 'NoSuchBucket', 'The specified bucket does not exist', 'BUCKET_NOT_FOUND'],
    [404, 'NoSuchKey', 'The specified key does not exist.', 'OBJECT_NOT_FOUND'],
    [501, 'NotImplemented', 'A header you provided implies functionality that is not implemented', 'UNSUPPORTED'],
    [400, 'KMS.DisabledException', 'arn:aws:kms:us-east-1:1:key/k is disabled.', 'KMS_KEY_DISABLED'],
    [
      400,
      'KMS.KMSInvalidStateException',
      'arn:aws:kms:us-east-1:1:key/k is pending deletion.',
      'KMS_KEY_PENDING_DELETION',
    ],
    [400, 'KMS.NotFoundException', 'Key arn:aws:kms:us-east-1:1:key/k does not exist', 'KMS_KEY_NOT_FOUND'],
    [400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.', 'INTEGRITY'],
    [412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 'CHANGED_WHILE_READ'],
  ] as const)('%i %s', async ([status, code, message, expected]) => {
    s3Says(status, code, message)
    expect(await failure(get())).toMatchObject({ code: expected, facts: { status: String(status), requestId: 'REQ1' } })
  })

  test('another region: it is named', async () => {
    s3Says(
      400,
      'AuthorizationHeaderMalformed',
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'",
    )
    expect(await failure(get())).toMatchObject({ code: 'WRONG_REGION', facts: { region: 'eu-west-3' } })
    answer = { status: 301, headers: { 'x-amz-bucket-region': 'eu-central-1' } }
    const byHead = await failure(head())
    expect(byHead).toMatchObject({ code: 'WRONG_REGION', facts: { region: 'eu-central-1' } })
    expect(byHead.hint).toContain('--region eu-central-1')
  })

  test('denied: the action that S3 names is named', async () => {
    s3Says(
      403,
      'AccessDenied',
      'User: arn:aws:iam::1:user/u is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:PutObject action',
    )
    expect(await failure(put())).toMatchObject({
      code: 'ACCESS_DENIED',
      facts: { action: 's3:PutObject', resource: 'arn:aws:s3:::b/k' },
    })
    expect((await failure(put())).facts).toHaveProperty('serverMessage')
  })

  test('denied without a reason: no permission is called the missing one', async () => {
    for (const said of ['Access Denied', '']) {
      s3Says(403, 'AccessDenied', said)
      const denied = await failure(get())
      expect(denied).toMatchObject({ code: 'ACCESS_DENIED', facts: { awsCode: 'AccessDenied', status: '403' } })
      expect(denied.message).toBe(
        `The server refused GetObject of s3://b/k: AccessDenied${said === '' ? '' : `, ${said}`}.`,
      )
      expect(denied.hint).toMatch(/On Amazon S3 this takes s3:GetObject.*Requester Pays/)
      expect(denied.facts).not.toHaveProperty('action')
    }
    answer = { status: 403 }
    expect((await failure(head())).message).toBe('The server refused GetObject of s3://b/k (403) and gave no reason.')
  })

  test.for([
    [403, 'AccessDenied', 'Cannot upload files, storage cap exceeded.', 'ACCESS_DENIED'],
    [403, 'QuotaExceeded', 'Bucket quota is reached.', 'DISK_FULL'],
    [400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256', 'INVALID_INPUT'],
    [401, 'Unauthorized', 'Token is for another tenant', 'ACCESS_DENIED'],
    [409, 'InvalidBucketState', 'The request is not valid for the current state of the bucket.', 'INVALID_INPUT'],
    [507, 'XMinioStorageFull', 'Storage backend has reached its minimum free drive threshold.', 'DISK_FULL'],
    [501, 'NotImplemented', 'The feature lifecycle is not implemented', 'UNSUPPORTED'],
  ] as const)('%i %s: its own words are shown', async ([status, code, said, expected]) => {
    s3Says(status, code, said)
    const refused = await failure(put())
    expect(refused).toMatchObject({ code: expected, facts: { awsCode: code, serverMessage: said } })
    expect(refused.message).toContain(said.replace(/\.$/, ''))
    expect(`${refused.message} ${refused.hint}`).not.toMatch(/s3:\w+|UnknownError|another mode/)
  })

  test('no code and no reason: the status is told, and no word of the SDK', async () => {
    for (const status of [400, 401, 403, 405, 409, 418, 501]) {
      answer = { status }
      const { message, facts } = await failure(put())
      expect(message).not.toMatch(/Unknown/)
      expect(facts).not.toHaveProperty('awsCode')
    }
  })

  test('a server that drops ?encryption and takes it for CreateBucket does not offer it', () => {
    for (const code of ['BucketAlreadyExists', 'BucketAlreadyOwnedByYou']) {
      const error = Object.assign(new Error('Yours'), { name: code, $metadata: { httpStatusCode: 409 } })
      const asked = { service: 'S3', input: { Bucket: 'b' } } as const
      const refused = describeFailure(error, { ...asked, operation: 'PutBucketEncryption' })
      expect(refused).toMatchObject({ code: 'UNSUPPORTED' })
      expect(refused.message).toMatch(/does not offer PutBucketEncryption/)
      expect(describeFailure(error, { ...asked, operation: 'CreateBucket' })).toMatchObject({ code: 'ALREADY_EXISTS' })
    }
  })

  test('InvalidAccessKeyId of a key store is a missing KMS key (Ceph)', async () => {
    const said = 'Failed to retrieve the actual key, kms-keyid: letters'
    for (const [status, code] of [
      [403, 'InvalidAccessKeyId'],
      [400, 'InvalidArgument'],
    ] as const) {
      s3Says(status, code, said)
      const missing = await failure(put({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'letters' }))
      expect(missing).toMatchObject({ code: 'KMS_KEY_NOT_FOUND', facts: { kmsKeyId: 'letters' } })
    }
  })

  test('denied by the KMS key', async () => {
    s3Says(
      403,
      'AccessDenied',
      'User: arn:aws:iam::1:user/u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:us-east-1:1:key/k',
    )
    expect(await failure(put())).toMatchObject({
      code: 'KMS_DENIED',
      facts: { action: 'kms:GenerateDataKey', kmsKeyId: 'arn:aws:kms:us-east-1:1:key/k' },
    })
  })

  test('SSE-C is blocked by the bucket', async () => {
    s3Says(
      403,
      'AccessDenied',
      'User is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b/k" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C).',
    )
    const fields = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: customerKey }
    expect(await failure(put(fields))).toMatchObject({ code: 'SSE_C_BLOCKED' })
  })

  test('412 to If-None-Match: it exists already', async () => {
    s3Says(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
    expect(await failure(put({ IfNoneMatch: '*' }))).toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

describe('KMS says', () => {
  test.for([
    ['DisabledException', 'arn:aws:kms:us-east-1:1:key/k is disabled.', 'KMS_KEY_DISABLED'],
    ['KMSInvalidStateException', 'arn:aws:kms:us-east-1:1:key/k is pending deletion.', 'KMS_KEY_PENDING_DELETION'],
    ['NotFoundException', "Key 'arn:aws:kms:us-east-1:1:key/k' does not exist", 'KMS_KEY_NOT_FOUND'],
    ['AccessDeniedException', 'User: u is not authorized to perform: kms:Decrypt on this resource', 'KMS_DENIED'],
    ['InvalidCiphertextException', '', 'ENVELOPE_INVALID'],
    [
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
      'KEY_WRONG',
    ],
    ['UnrecognizedClientException', 'The security token included in the request is invalid.', 'BAD_CREDENTIALS'],
    ['InvalidSignatureException', 'Signature expired: 20260101T000000Z is now earlier than', 'CLOCK_SKEW'],
  ] as const)('%s', async ([code, message, expected]) => {
    kmsSays(code, message)
    expect(await failure(decrypt())).toMatchObject({ code: expected })
  })

  test('AccessDeniedException of what names no key: no key policy could allow it', async () => {
    kmsSays('AccessDeniedException', 'User: u is not authorized to perform: kms:ListKeys')
    const denied = await failure(send(clients.kms, new ListKeysCommand({}), signal))
    expect(denied).toMatchObject({ code: 'KMS_DENIED', message: 'You are not allowed to use kms:ListKeys.' })
    expect(denied.hint).toMatch(/IAM policy/)
  })
})

test('KMS refuses without its own codes: no permission of S3 is named', async () => {
  for (const status of [401, 403]) {
    const body = JSON.stringify({ __type: 'AccessDenied', message: 'Not for you' })
    answer = { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body }
    const denied = await failure(send(clients.kms, new ListKeysCommand({}), signal))
    expect(denied).toMatchObject({ code: 'KMS_DENIED', message: 'KMS refused ListKeys: AccessDenied, Not for you.' })
    expect(denied.hint).not.toMatch(/s3:/)
  }
})

test('no failure repeats a key, whatever the server quotes', async () => {
  s3Says(
    403,
    'SignatureDoesNotMatch',
    `no ${customerKey}`,
    `<CanonicalRequest>x-amz-server-side-encryption-customer-key:${customerKey}</CanonicalRequest>`,
  )
  const fields = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: customerKey }
  for (const code of ['SignatureDoesNotMatch', 'InvalidArgument', 'SomethingNew']) {
    s3Says(400, code, `no ${customerKey}`, `<ArgumentValue>${customerKey}</ArgumentValue>`)
    const error = await failure(put(fields))
    const { message, hint, facts, cause } = error
    expect(JSON.stringify([message, hint, facts, cause ?? null])).not.toContain(customerKey)
    expect(cause).toBeUndefined()
  }
})

test('nothing at the address, no such name, an abort', async () => {
  const connection = {
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'a', secretAccessKey: 'b' },
  } as const
  for (const endpoint of ['http://127.0.0.1:1', 'http://nowhere.invalid']) {
    const nowhere = openClients({ ...connection, endpoint })
    const asking = send(nowhere.s3, new HeadObjectCommand({ Bucket: 'b', Key: 'k' }), signal)
    expect(await failure(asking)).toMatchObject({ code: 'NETWORK' })
    nowhere.close()
  }
  const stopped = send(clients.s3, new HeadObjectCommand({ Bucket: 'b', Key: 'k' }), AbortSignal.abort())
  expect(await failure(stopped)).toMatchObject({ code: 'CANCELLED' })
})
