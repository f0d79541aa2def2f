import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { verifyPresignedV2 } from '../../../../electron/localcloud/auth/presigned-v2.ts'
import { parseTarget } from '../../../../electron/localcloud/auth/target.ts'
import { startLocalCloud, type LocalCloud } from '../../../support/localcloud.ts'
import { errorCode, presign, send, signHeaders, type WireRequest } from '../../../support/signed-fetch.ts'

let cloud: LocalCloud
beforeAll(async () => {
  cloud = await startLocalCloud()
})
afterAll(() => cloud.stop())

const list: WireRequest = { method: 'GET', path: '/', headers: {} }
const target = { 'x-amz-target': 'TrentService.ListKeys', 'content-type': 'application/x-amz-json-1.1' }
const kms: WireRequest = { method: 'POST', path: '/', headers: target, body: '{}' }

/** Sends, and answers the error's code. */
async function codeOf(wire: WireRequest): Promise<string> {
  return errorCode(await send(cloud, wire))
}

function changed(wire: WireRequest, headers: Record<string, string>): WireRequest {
  return { ...wire, headers: { ...wire.headers, ...headers } }
}

/** Verified: whatever S3 says next, it is not about who asks. */
async function expectVerified(wire: WireRequest): Promise<void> {
  const code = await codeOf(wire)
  expect(['', 'NoSuchBucket', 'NoSuchKey', 'NotImplemented'], code).toContain(code)
}

describe('signatures in headers, S3', () => {
  it.each([
    '/',
    '/bucket/a%20b%2Bc%3Dd%26e%3Ff',
    "/bucket/%E2%82%AC/!'()*~-_.",
    '/bucket/%21%27%28%29%2A',
    '/bucket/../x/./y//z/',
    '/bucket/%252F',
    '/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=%2F',
    '/bucket?versioning',
  ])('what AWS signs is verified: %s', async (path) => {
    await expectVerified(await signHeaders(cloud, { method: 'GET', path, headers: {} }))
  })

  it('header values are compared trimmed and with runs of spaces as one', async () => {
    await expectVerified(await signHeaders(cloud, { ...list, headers: { 'x-amz-meta-a': '  two   words ' } }))
  })

  it('an anonymous request is AccessDenied', async () => {
    const answer = await send(cloud, list)
    expect(answer.status).toBe(403)
    expect(errorCode(answer)).toBe('AccessDenied')
    expect(answer.headers['x-amz-request-id']).toMatch(/^[0-9A-F]{16}$/)
    expect(answer.headers['x-amz-id-2']).toBeTruthy()
    expect(answer.headers.date).toBeTruthy()
  })

  it('an unknown access key is InvalidAccessKeyId', async () => {
    const credentials = { accessKeyId: 'AKIAUNKNOWN000000000', secretAccessKey: 'x' }
    expect(await codeOf(await signHeaders(cloud, list, { credentials }))).toBe('InvalidAccessKeyId')
  })

  it('a wrong secret is SignatureDoesNotMatch, status 403', async () => {
    const credentials = { accessKeyId: cloud.accessKeyId, secretAccessKey: 'wrong' }
    const answer = await send(cloud, await signHeaders(cloud, list, { credentials }))
    expect([answer.status, errorCode(answer)]).toEqual([403, 'SignatureDoesNotMatch'])
    expect(answer.body).not.toContain(cloud.secretAccessKey)
  })

  it.each([
    ['method', { method: 'DELETE' }],
    ['path', { path: '/other' }],
    ['query', { path: '/bucket?acl' }],
  ])('another %s than the signed one is SignatureDoesNotMatch', async (_what, change) => {
    const signed = await signHeaders(cloud, { method: 'GET', path: '/bucket', headers: {} })
    expect(await codeOf({ ...signed, ...change })).toBe('SignatureDoesNotMatch')
  })

  it('a signed header changed is SignatureDoesNotMatch', async () => {
    const signed = await signHeaders(cloud, changed(list, { 'x-amz-meta-a': '1' }))
    expect(await codeOf(changed(signed, { 'x-amz-meta-a': '2' }))).toBe('SignatureDoesNotMatch')
  })

  it('an x-amz header that was not signed is refused', async () => {
    const signed = await signHeaders(cloud, list)
    const answer = await send(cloud, changed(signed, { 'x-amz-acl': 'public-read' }))
    expect([errorCode(answer), answer.status]).toEqual(['AccessDenied', 403])
    expect(answer.body).toContain('<HeadersNotSigned>x-amz-acl</HeadersNotSigned>')
  })

  it('a signature that does not cover host is refused', async () => {
    const signed = await signHeaders(cloud, list)
    const authorization = (signed.headers['authorization'] ?? '').replace('SignedHeaders=host;', 'SignedHeaders=')
    expect(await codeOf(changed(signed, { authorization }))).toBe('AccessDenied')
  })

  it.each([-16, 16])('a clock %i minutes off is RequestTimeTooSkewed', async (minutes) => {
    const date = new Date(Date.now() + minutes * 60_000)
    const answer = await send(cloud, await signHeaders(cloud, list, { date }))
    expect([errorCode(answer), answer.status]).toEqual(['RequestTimeTooSkewed', 403])
  })

  it('a clock 14 minutes off is accepted', async () => {
    const date = new Date(Date.now() - 14 * 60_000)
    await expectVerified(await signHeaders(cloud, list, { date }))
  })

  it('another region is AuthorizationHeaderMalformed and names the right one', async () => {
    const answer = await send(cloud, await signHeaders(cloud, list, { region: 'eu-west-1' }))
    expect([errorCode(answer), answer.status]).toEqual(['AuthorizationHeaderMalformed', 400])
    expect(answer.body).toContain('<Region>us-east-1</Region>')
  })

  it('a missing x-amz-content-sha256 is MissingSecurityHeader, a strange one InvalidArgument', async () => {
    expect(await codeOf(await signHeaders(cloud, list, { applyChecksum: false }))).toBe('MissingSecurityHeader')
    const strange = await signHeaders(cloud, changed(list, { 'x-amz-content-sha256': 'nonsense' }))
    expect(await codeOf(strange)).toBe('InvalidArgument')
  })

  it('a session token is InvalidToken, as there are no sessions here', async () => {
    expect(await codeOf(await signHeaders(cloud, changed(list, { 'x-amz-security-token': 'abc' })))).toBe(
      'InvalidToken',
    )
  })

  it.each([
    ['AWS AKIA:sig', 'InvalidRequest'],
    ['Basic YTpi', 'InvalidRequest'],
    ['AWS4-HMAC-SHA256 nonsense', 'AuthorizationHeaderMalformed'],
    ['AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00', 'AuthorizationHeaderMalformed'],
  ])('authorization "%s" is %s', async (authorization, code) => {
    expect(await codeOf(changed(list, { authorization }))).toBe(code)
  })

  it('a path that is no URI is InvalidURI', async () => {
    expect(await codeOf({ ...list, path: '/bucket/%zz' })).toBe('InvalidURI')
  })
})

describe('presigned URLs', () => {
  const object: WireRequest = { method: 'GET', path: '/bucket/a key+more', headers: {} }
  const escaped = { ...object, path: '/bucket/a%20key%2Bmore' }

  it('are verified', async () => {
    await expectVerified(await presign(cloud, escaped, 60))
  })

  it('are AccessDenied once expired', async () => {
    const answer = await send(cloud, await presign(cloud, escaped, 60, new Date(Date.now() - 61_000)))
    expect([errorCode(answer), answer.status]).toEqual(['AccessDenied', 403])
    expect(answer.body).toContain('<Message>Request has expired</Message>')
  })

  it('are good for a week at most', async () => {
    await expectVerified(await presign(cloud, escaped, 604_800))
    const longer = await presign(cloud, escaped, 604_800)
    const code = await codeOf({ ...longer, path: longer.path.replace('Expires=604800', 'Expires=604801') })
    expect(code).toBe('AuthorizationQueryParametersError')
  })

  it('may be made on a clock 10 minutes ahead, not an hour', async () => {
    await expectVerified(await presign(cloud, escaped, 60, new Date(Date.now() + 600_000)))
    expect(await codeOf(await presign(cloud, escaped, 60, new Date(Date.now() + 3_600_000)))).toBe('AccessDenied')
  })

  it.each([
    ['Expires=60', 'Expires=6000', 'SignatureDoesNotMatch'],
    ['a%20key', 'b%20key', 'SignatureDoesNotMatch'],
    ['Expires=60', 'Expires=0', 'AuthorizationQueryParametersError'],
    ['Expires=60', 'Expires=no', 'AuthorizationQueryParametersError'],
    ['X-Amz-Date=', 'X-Amz-Else=', 'AuthorizationQueryParametersError'],
    ['AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1', 'AuthorizationQueryParametersError'],
  ])('with %s made %s are %s', async (from, to, code) => {
    const url = await presign(cloud, escaped, 60)
    expect(url.path).toContain(from)
    expect(await codeOf({ ...url, path: url.path.replace(from, to) })).toBe(code)
  })

  it('do not carry further x-amz headers or another method', async () => {
    const url = await presign(cloud, escaped, 60)
    expect(await codeOf(changed(url, { 'x-amz-server-side-encryption': 'AES256' }))).toBe('AccessDenied')
    expect(await codeOf({ ...url, method: 'DELETE' })).toBe('SignatureDoesNotMatch')
  })

  it('and an Authorization header at once are refused', async () => {
    const url = await presign(cloud, escaped, 60)
    const { headers } = await signHeaders(cloud, escaped)
    expect(await codeOf(changed(url, headers))).toBe('InvalidArgument')
  })
})

describe('presigned URLs in Signature Version 2, as boto3 and AWS CLI 1 make them for us-east-1', () => {
  const sign = (method: string, path: string, expires: number, secret = cloud.secretAccessKey): WireRequest => {
    const text = `${method}\n\n\n${expires}\n${path}`
    const signature = createHmac('sha1', secret).update(text).digest('base64')
    const query = { AWSAccessKeyId: cloud.accessKeyId, Expires: String(expires), Signature: signature }
    const joint = path.includes('?') ? '&' : '?'
    return { method, path: `${path}${joint}${new URLSearchParams(query).toString()}`, headers: {} }
  }
  const soon = () => Math.floor(Date.now() / 1000) + 60

  it.each(['GET', 'HEAD', 'PUT'])('%s of an object is verified', async (method) => {
    await expectVerified(sign(method, '/bucket/a%20key', soon()))
    await expectVerified(sign(method, '/bucket/a%20key?versionId=1', soon()))
  })

  it("AWS's published example has the published signature", () => {
    const verified = verifyPresignedV2(
      {
        method: 'GET',
        target: parseTarget(
          '/johnsmith/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D',
        ),
        headers: new Map(),
      },
      () => ({ principal: OWNER, secret: () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }),
      1_175_139_600_000,
    )
    expect(verified.payloadHash).toBe('UNSIGNED-PAYLOAD')
  })

  it('a wrong secret, another object or method is SignatureDoesNotMatch', async () => {
    expect(await codeOf(sign('GET', '/bucket/k', soon(), 'wrong'))).toBe('SignatureDoesNotMatch')
    const url = sign('GET', '/bucket/k', soon())
    expect(await codeOf({ ...url, path: url.path.replace('/k', '/l') })).toBe('SignatureDoesNotMatch')
    expect(await codeOf({ ...url, method: 'PUT' })).toBe('SignatureDoesNotMatch')
    expect(await codeOf(changed(url, { 'x-amz-server-side-encryption': 'AES256' }))).toBe('SignatureDoesNotMatch')
    expect(await codeOf({ ...url, path: `${url.path}&versionId=1` })).toBe('SignatureDoesNotMatch')
  })

  it('are AccessDenied once expired, or for more than a week', async () => {
    expect(await codeOf(sign('GET', '/bucket/k', soon() - 61))).toBe('AccessDenied')
    expect(await codeOf(sign('GET', '/bucket/k', soon() + 604_800))).toBe('AccessDenied')
  })

  it.each([
    ['DELETE', '/bucket/k'],
    ['GET', '/bucket'],
    ['GET', '/'],
    ['GET', '/bucket/k?acl'],
    ['PUT', '/bucket/k?tagging'],
  ])('do nothing but read and write an object: %s %s is InvalidRequest', async (method, path) => {
    expect(await codeOf(sign(method, path, soon()))).toBe('InvalidRequest')
  })
})

describe('signatures of the JSON API', () => {
  const service = 'kms'

  it('what AWS signs is verified, with the body under the signature', async () => {
    const signed = await signHeaders(cloud, kms, { service })
    expect((await send(cloud, signed)).status).toBe(200)
    const replayed = { ...signed, body: '{"Limit":1}' }
    const answer = await send(cloud, replayed)
    expect([answer.status, errorCode(answer)]).toEqual([400, 'InvalidSignatureException'])
  })

  it('a signature of a client that sends no x-amz-content-sha256 is verified too', async () => {
    const signed = await signHeaders(cloud, kms, { service, applyChecksum: false })
    expect(signed.headers).not.toHaveProperty('x-amz-content-sha256')
    expect((await send(cloud, signed)).status).toBe(200)
    expect(await codeOf({ ...signed, body: '{"Limit":1}' })).toBe('InvalidSignatureException')
  })

  it.each([
    ['MissingAuthenticationTokenException', () => Promise.resolve(kms)],
    [
      'UnrecognizedClientException',
      () =>
        signHeaders(cloud, kms, {
          service,
          credentials: { accessKeyId: 'AKIANOBODY0000000000', secretAccessKey: 'x' },
        }),
    ],
    [
      'InvalidSignatureException',
      () => signHeaders(cloud, kms, { service, credentials: { accessKeyId: cloud.accessKeyId, secretAccessKey: 'x' } }),
    ],
    ['InvalidSignatureException', () => signHeaders(cloud, kms, { service, date: new Date(Date.now() - 3_600_000) })],
    ['IncompleteSignatureException', () => signHeaders(cloud, kms, { service: 's3' })],
  ])('%s', async (code, make) => {
    const answer = await send(cloud, await make())
    expect([answer.status, errorCode(answer)]).toEqual([400, code])
    expect(answer.headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/)
  })
})
