import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryOf, rememberDemands, type BucketDemands } from '../../../electron/cloud/bucket-demands.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import { sealContent } from '../../../electron/envelope/content.ts'
import { copyObject } from '../../../electron/transfers/copy.ts'
import { upload } from '../../../electron/transfers/upload.ts'
import { bytes, MiB, plainUpload } from './kit.ts'

const { signal } = new AbortController()

interface Demanding {
  /** The code and reason of a write that is refused; null: it is taken. */
  refuse: (request: IncomingMessage, body: Buffer) => [status: number, code: string, message: string] | null
  /** The bucket's own rule. */
  rule?: string
}

/** A bucket that takes only writes as it wants them, and what of them it was asked for. */
async function demanding({ refuse, rule }: Demanding) {
  const writes: string[] = []
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { method, url = '' } = request
      const say = (status: number, text = '') => response.writeHead(status, { etag: '"e"' }).end(text)
      if (method === 'HEAD') return say(404)
      if (url.includes('encryption')) return say(rule === undefined ? 404 : 200, rule)
      const refused = url.includes('uploadId=') && method === 'POST' ? null : refuse(request, body)
      writes.push(`${method} ${url.replace(/\?.*/, '')}${refused === null ? '' : ` ${refused[1]}`}`)
      if (refused !== null) {
        const [status, code, message] = refused
        return say(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
      }
      if (url.includes('uploads')) {
        return say(200, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
      }
      if (method === 'POST')
        return say(200, '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>')
      return say(
        200,
        request.headers['x-amz-copy-source'] ? '<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>' : '',
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opened: { close(): void }[] = []
  onTestFinished(() => {
    for (const clients of opened) clients.close()
    server.closeAllConnections()
    server.close()
  })
  const client = () => {
    const clients = openClients({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      kmsEndpoint: undefined,
      region: 'us-east-1',
      pathStyle: true,
      caBundle: undefined,
      checksums: 'when-required',
      credentials: { kind: 'keys', accessKeyId: 'a', secretAccessKey: 'b' },
    })
    opened.push(clients)
    return clients.s3
  }
  return { client, writes }
}

function sealedUpload(key: string, size = 10) {
  const plain = plainUpload('box', key, bytes(size))
  const { sealer } = sealContent('v3', Buffer.alloc(32, 1))
  return { ...plain, plan: { ...plain.plan, sealer } }
}

const SSE = 'x-amz-server-side-encryption'
const denied = (message = 'Access Denied') => [403, 'AccessDenied', message] as [number, string, string]

describe('a bucket that wants a digest with each write', () => {
  const want =
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters'
  const refuse: Demanding['refuse'] = ({ method, headers }, body) => {
    if (method !== 'PUT' || headers['x-amz-copy-source'] !== undefined) return null
    if (headers['content-md5'] === undefined) return [400, 'InvalidRequest', want]
    return headers['content-md5'] === createHash('md5').update(body).digest('base64') ? null : [400, 'BadDigest', 'No.']
  }

  test('gets the MD5 of each file and part, after one refusal', async () => {
    const { client, writes } = await demanding({ refuse })
    const s3 = client()
    await upload(s3, plainUpload('box', 'one', bytes(10)), { signal })
    await upload(s3, plainUpload('box', 'two', bytes(10)), { signal })
    await upload(s3, plainUpload('box', 'large', bytes(9 * MiB)), { signal })
    expect(writes.filter((write) => write.includes('InvalidRequest'))).toEqual(['PUT /box/one InvalidRequest'])
    expect(writes.filter((write) => write === 'PUT /box/large')).toHaveLength(2)
  })

  test('gets it of parts too, where a part is the first to be refused', async () => {
    const { client, writes } = await demanding({ refuse })
    await upload(client(), plainUpload('box', 'large', bytes(9 * MiB)), { signal })
    expect(writes.at(-1)).toBe('POST /box/large')
  })
})

test('a server that knows no newer checksum gets the MD5 of a request that it wants one of, and of all that follow', async () => {
  const { client, writes } = await demanding({
    refuse: ({ headers }, body) => {
      const md5 = createHash('md5').update(body).digest('base64')
      return headers['content-md5'] === md5 ? null : [400, 'MissingContentMD5', 'Missing required header']
    },
  })
  const s3 = client()
  const Delete = { Objects: [{ Key: 'a' }, { Key: 'b' }] }
  const remove = () => s3.send(new DeleteObjectsCommand({ Bucket: 'box', Delete }))
  await Promise.all([remove(), remove()])
  await remove()
  const refused = writes.filter((write) => write.includes('MissingContentMD5'))
  expect([refused.length, writes.length - refused.length, writes.at(-1)]).toEqual([2, 3, 'POST /box/'])
})

describe('a bucket whose policy wants S3 to encrypt', () => {
  const refuse: Demanding['refuse'] = ({ headers, url = '' }) =>
    url.includes('partNumber') || headers[SSE] === 'AES256'
      ? null
      : denied('with an explicit deny in a resource-based policy')

  test('takes what is encrypted here, whole, in parts and copied, after one refusal that the next run remembers', async () => {
    const { client, writes } = await demanding({ refuse })
    let kept: Record<string, BucketDemands> = {}
    const s3 = client()
    rememberDemands(
      s3,
      memoryOf({}, (all) => void (kept = all)),
    )
    await upload(s3, sealedUpload('one'), { signal })
    await upload(s3, sealedUpload('large', 9 * MiB), { signal })
    const again = client()
    rememberDemands(
      again,
      memoryOf(kept, () => undefined),
    )
    await upload(again, sealedUpload('two'), { signal })
    const source = { bucket: 'box', key: 'one', versionId: undefined, etag: '"e"', size: 10, customerKey: {} }
    const { plan } = sealedUpload('three')
    await copyObject(
      again,
      { source, bucket: 'box', key: 'three', plan, metadata: {}, headers: {}, tags: undefined },
      signal,
    )
    expect(writes.filter((write) => write.includes('AccessDenied'))).toEqual(['PUT /box/one AccessDenied'])
    expect(kept).toEqual({ box: { encryption: 'AES256' } })
  })

  test('what S3 itself is to encrypt is stored as it was asked for, or refused', async () => {
    const { client, writes } = await demanding({ refuse })
    await expect(upload(client(), plainUpload('box', 'f', bytes(10)), { signal })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    })
    expect(writes).toEqual(['PUT /box/f AccessDenied'])
  })

  test('a bucket with a KMS key of its own gets that one', async () => {
    const rule = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>
      <SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>letters</KMSMasterKeyID>
      </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
    const wants: Demanding['refuse'] = ({ headers }) =>
      headers[`${SSE}-aws-kms-key-id`] === 'letters' && headers[SSE] === 'aws:kms' ? null : denied()
    const { client, writes } = await demanding({ refuse: wants, rule })
    await upload(client(), sealedUpload('f'), { signal })
    expect(writes).toEqual(['PUT /box/f AccessDenied', 'PUT /box/f'])
  })

  test('a key that may not be used is no reason to give up', async () => {
    const rule = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>
      <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
    const wants: Demanding['refuse'] = ({ headers }) => {
      if (headers[SSE] === 'aws:kms') return [400, 'KMS.DisabledException', 'It is disabled']
      return headers[SSE] === undefined ? denied() : null
    }
    const { client } = await demanding({ refuse: wants, rule })
    await upload(client(), sealedUpload('f'), { signal })
  })
})

test('a denial that no header helps against is told as it was, and is not tried against again', async () => {
  const { client, writes } = await demanding({ refuse: () => denied('Storage cap exceeded.') })
  const s3 = client()
  for (const key of ['one', 'two']) {
    const failure = upload(s3, sealedUpload(key), { signal })
    await expect(failure).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('Storage cap exceeded') as string,
      hint: expect.stringContaining('--sse') as string,
    })
  }
  expect(writes).toEqual(['PUT /box/one AccessDenied', 'PUT /box/one AccessDenied', 'PUT /box/two AccessDenied'])
})
