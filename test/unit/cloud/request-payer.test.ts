import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CopyObjectCommand, DeleteObjectCommand, HeadBucketCommand } from '@aws-sdk/client-s3'
import { expect, onTestFinished, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import { listObjects } from '../../../electron/cloud/list-objects.ts'
import { send } from '../../../electron/cloud/send.ts'
import { getObject, headObject, putObject, uploadPart } from '../../../electron/cloud/wire/wire.ts'

const { signal } = new AbortController()
const at = { Bucket: 'box', Key: 'f' }
const body = { pieces: [Buffer.from('x')], length: 1 }

/** Asks in each way that requests go; returns those without the header, and those whose signature does not cover it. */
async function asking(requestPayer: 'requester' | undefined) {
  const without: string[] = []
  const unsigned: string[] = []
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url}`
    if (request.headers['x-amz-request-payer'] !== 'requester') without.push(name)
    else if (!/SignedHeaders=[^,]*x-amz-request-payer/.test(request.headers.authorization ?? '')) unsigned.push(name)
    request.resume().on('end', () => {
      response.writeHead(200, { etag: '"e"' })
      response.end(
        /list-type/.test(name)
          ? '<ListBucketResult></ListBucketResult>'
          : request.headers['x-amz-copy-source']
            ? '<CopyObjectResult/>'
            : '',
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients = openClients({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'a', secretAccessKey: 'b' },
    requestPayer,
  })
  onTestFinished(() => {
    clients.close()
    server.close()
  })
  const { s3 } = clients
  await send(s3, new HeadBucketCommand({ Bucket: 'box' }), signal)
  await listObjects(s3, { bucket: 'box', prefix: '', recursive: true }, signal)
  await headObject(s3, at, signal)
  ;(await getObject(s3, at, signal)).Body.resume()
  await putObject(s3, at, body, signal)
  await uploadPart(s3, { ...at, UploadId: 'u', PartNumber: 1 }, body, signal)
  await send(s3, new CopyObjectCommand({ ...at, CopySource: 'box/g' }), signal)
  await send(s3, new DeleteObjectCommand(at), signal)
  return { without, unsigned }
}

test('who pays says so with every request, signed', async () => {
  expect(await asking('requester')).toEqual({ without: [], unsigned: [] })
})

test('nobody else says so', async () => {
  expect((await asking(undefined)).without).toHaveLength(8)
})
