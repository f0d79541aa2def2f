import { describe, expect, it } from 'vitest'
import { REGION, OWNER } from '../../../../electron/localcloud/account.ts'
import { signableHeaders } from '../../../../electron/localcloud/auth/canonical.ts'
import { parseTarget } from '../../../../electron/localcloud/auth/target.ts'
import { createVerifier, type Proof } from '../../../../electron/localcloud/auth/verify.ts'
import { openPayload } from '../../../../electron/localcloud/body/payload.ts'

// The examples of AWS's own S3 API Reference: "Authenticating Requests (AWS Signature Version 4)".
const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const VIRTUAL_HOST = 'examplebucket.s3.amazonaws.com'

const verify = createVerifier(
  REGION,
  (id) => (id === ACCESS_KEY_ID ? { principal: OWNER, secret: () => SECRET } : undefined),
  () => Date.parse('2013-05-24T00:00:00Z'),
)

interface Example {
  method: string
  url: string
  headers: Record<string, string>
  signedHeaders: string
  signature: string
}

function prove({ method, url, headers, signedHeaders, signature }: Example): Proof {
  const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`
  const rawHeaders = Object.entries({ ...headers, Authorization: authorization }).flat()
  const signable = signableHeaders(rawHeaders)
  const payloadHash = signable.get('x-amz-content-sha256') ?? ''
  return verify({ method, target: parseTarget(url), headers: signable }, 's3')(() => payloadHash)
}

const EXAMPLES: Record<string, Example> = {
  'GET Object': {
    method: 'GET',
    url: '/test.txt',
    headers: {
      Host: VIRTUAL_HOST,
      Range: 'bytes=0-9',
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': '20130524T000000Z',
    },
    signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  'PUT Object': {
    method: 'PUT',
    url: '/test$file.text',
    headers: {
      Host: VIRTUAL_HOST,
      Date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-date': '20130524T000000Z',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  'GET Bucket Lifecycle': {
    method: 'GET',
    url: '/?lifecycle',
    headers: { Host: VIRTUAL_HOST, 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': EMPTY },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  'GET Bucket (List Objects)': {
    method: 'GET',
    url: '/?max-keys=2&prefix=J',
    headers: { Host: VIRTUAL_HOST, 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': EMPTY },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
}

describe("AWS's published signatures", () => {
  it.each(Object.entries(EXAMPLES))('%s is accepted', (_name, example) => {
    expect(prove(example).principal).toBe(OWNER)
  })

  it.each(Object.entries(EXAMPLES))('%s is refused with one digit of its signature changed', (_name, example) => {
    const last = example.signature.endsWith('0') ? '1' : '0'
    const signature = example.signature.slice(0, -1) + last
    expect(() => prove({ ...example, signature })).toThrow(expect.objectContaining({ code: 'SignatureDoesNotMatch' }))
  })

  it('the presigned URL is accepted for its 86400 seconds and not a second more', () => {
    const url =
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'
    const at = (now: number) =>
      createVerifier(
        REGION,
        () => ({ principal: OWNER, secret: () => SECRET }),
        () => now,
      )(
        { method: 'GET', target: parseTarget(url), headers: signableHeaders(['Host', VIRTUAL_HOST]) },
        's3',
      )(() => 'UNSIGNED-PAYLOAD')
    const end = Date.parse('2013-05-25T00:00:00Z')
    expect(at(end).principal).toBe(OWNER)
    expect(() => at(end + 1000)).toThrow(
      expect.objectContaining({ code: 'AccessDenied', message: 'Request has expired' }),
    )
  })
})

const CHUNK_HEADERS = {
  Host: 's3.amazonaws.com',
  'x-amz-date': '20130524T000000Z',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'Content-Encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
}

const CHUNKED: Example = {
  method: 'PUT',
  url: '/examplebucket/chunkObject.txt',
  headers: {
    ...CHUNK_HEADERS,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'Content-Length': '66824',
  },
  signedHeaders:
    'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
}

const TRAILER: Example = {
  method: 'PUT',
  url: '/examplebucket/chunkObject.txt',
  headers: {
    ...CHUNK_HEADERS,
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
  },
  signedHeaders:
    'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
  signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
}

function chunk(size: number, signature: string): string {
  const data = size === 0 ? '' : `${'a'.repeat(size)}\r\n`
  return `${size.toString(16)};chunk-signature=${signature}\r\n${data}`
}

const CHUNKED_BODY =
  chunk(65536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648') +
  chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497') +
  chunk(0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9') +
  '\r\n'

const TRAILER_BODY =
  chunk(65536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2') +
  chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7') +
  chunk(0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992') +
  'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'

async function readBody(example: Example, body: string): Promise<{ text: string; checksum: unknown }> {
  const lower = Object.entries(example.headers).map(([name, value]) => [name.toLowerCase(), value])
  const payload = openPayload({
    headers: Object.fromEntries(lower) as Record<string, string>,
    proof: prove(example),
    source: (async function* () {
      await Promise.resolve()
      yield Buffer.from(body)
    })(),
    checksumOfBody: true,
  })
  let text = ''
  for await (const piece of payload.body) text += piece.toString()
  return { text, checksum: payload.checksum() }
}

describe("AWS's published chunk signatures", () => {
  it('the chunked upload is accepted and decoded', async () => {
    const { text } = await readBody(CHUNKED, CHUNKED_BODY)
    expect(text).toBe('a'.repeat(66560))
  })

  it('the chunked upload with a signed trailer is accepted, its checksum verified', async () => {
    const { text, checksum } = await readBody(TRAILER, TRAILER_BODY)
    expect(text).toBe('a'.repeat(66560))
    expect(checksum).toEqual({ algorithm: 'CRC32C', value: 'sOO8/Q==' })
  })

  it.each([
    ['a byte of the data', 'aaaa', 'aaba'],
    ['a chunk signature', 'chunk-signature=1c13', 'chunk-signature=1c14'],
    ['the trailer', 'sOO8/Q==', 'sOO8/A=='],
    ['the trailer signature', 'trailer-signature:d8', 'trailer-signature:d9'],
    ['the trailer signature left out', 'x-amz-trailer-signature', 'x-amz-other'],
    ['a chunk signature left out', /;chunk-signature=1c1[0-9a-f]+/, ''],
  ])('%s changed is refused', async (_what, from, to) => {
    await expect(readBody(TRAILER, TRAILER_BODY.replace(from, to))).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    })
  })

  it('a body that ends before its last chunk is refused', async () => {
    const cut = CHUNKED_BODY.indexOf('0;chunk-signature')
    await expect(readBody(CHUNKED, CHUNKED_BODY.slice(0, cut))).rejects.toMatchObject({ code: 'IncompleteBody' })
  })
})
