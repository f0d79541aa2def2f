import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { aliasesOf } from '../../../electron/cloud/kms/aliases.ts'
import { listKeys } from '../../../electron/cloud/kms/keys.ts'
import { rotationHistory } from '../../../electron/cloud/kms/rotation.ts'
import { tagsOf } from '../../../electron/cloud/kms/tags.ts'
import { allObjects } from '../../../electron/cloud/list-objects.ts'
import { uploadsOf } from '../../../electron/cloud/list-uploads.ts'
import { allVersions } from '../../../electron/cloud/list-versions.ts'
import { partsThere } from '../../../electron/transfers/resume.ts'
import { listBuckets } from '../../../electron/vault/list.ts'
import type { Vault } from '../../../electron/vault/vault.ts'

const { signal } = new AbortController()

/** A list that says of every page that there is more, after these words of where it is. */
interface List {
  answer: (more: string) => string
  /** A place to go on at, which is the same on every page. */
  place: string
  ask: (clients: Clients) => Promise<unknown>
}

function all<T>(found: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(found)
}

const held = { saved: { bucket: 'box', key: 'k' }, parts: () => new Map() } as never
const opened = { uploadId: 'u' } as never
const xml = (root: string, inside: string) => (more: string) =>
  `<${root}><Bucket>box</Bucket><IsTruncated>true</IsTruncated>${more}${inside}</${root}>`
const json = (members: string) => (more: string) => `{"Truncated":true${more}${members}}`

const LISTS: Record<string, List> = {
  objects: {
    answer: xml('ListBucketResult', ''),
    place: '<NextContinuationToken>t</NextContinuationToken>',
    ask: ({ s3 }) => all(allObjects(s3, { bucket: 'box', prefix: '', recursive: true }, signal)),
  },
  versions: {
    answer: xml('ListVersionsResult', ''),
    place: '<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>',
    ask: ({ s3 }) => all(allVersions(s3, { bucket: 'box', prefix: '' }, signal)),
  },
  uploads: {
    answer: xml('ListMultipartUploadsResult', '<Upload><Key>k</Key><UploadId>u</UploadId></Upload>'),
    place: '<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>',
    ask: ({ s3 }) => all(uploadsOf(s3, 'box', 'k', signal)),
  },
  parts: {
    answer: xml('ListPartsResult', ''),
    place: '<NextPartNumberMarker>1</NextPartNumberMarker>',
    ask: ({ s3 }) => partsThere(s3, held, opened, {}, signal),
  },
  keys: { answer: json(',"Keys":[]'), place: ',"NextMarker":"m"', ask: ({ kms }) => listKeys(kms, signal) },
  aliases: { answer: json(',"Aliases":[]'), place: ',"NextMarker":"m"', ask: ({ kms }) => aliasesOf(kms, 'k', signal) },
  tags: { answer: json(',"Tags":[]'), place: ',"NextMarker":"m"', ask: ({ kms }) => tagsOf(kms, 'k', signal) },
  rotations: {
    answer: json(',"Rotations":[]'),
    place: ',"NextMarker":"m"',
    ask: ({ kms }) => rotationHistory(kms, 'k', signal),
  },
}

describe.for(Object.entries(LISTS))('a list of %s', ([, { answer, place, ask }]) => {
  test.for([
    ['that says that there is more, and not where, fails', ''],
    ['that goes on at the same place again and again fails', place],
  ] as const)('%s', async ([, more]) => {
    await using server = await answering(answer(more))
    await expect(ask(server.clients)).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' })
  })
})

test('a list of buckets that goes on at the same place again and again fails', async () => {
  const bucket = '<Buckets><Bucket><Name>box</Name></Bucket></Buckets>'
  await using server = await answering(
    `<ListAllMyBucketsResult>${bucket}<ContinuationToken>t</ContinuationToken></ListAllMyBucketsResult>`,
  )
  const vault = { s3: server.clients.s3 } as Vault
  await expect(listBuckets(vault, signal)).rejects.toMatchObject({ code: 'LIST_INCOMPLETE' })
})

test('a page that answers in the place of a list of objects is no empty list', async () => {
  await using server = await answering('<html><body>Accept our terms.</body></html>')
  const asking = all(allObjects(server.clients.s3, { bucket: 'box', prefix: '', recursive: true }, signal))
  await expect(asking).rejects.toMatchObject({ code: 'NOT_S3' })
})

/** A server that gives one answer to everything but to what a list of keys asks besides. */
async function answering(body: string): Promise<AsyncDisposable & { clients: Clients }> {
  const server = createServer((request, response) => {
    request.resume()
    const asksBesides = request.headers['x-amz-target'] === 'TrentService.ListAliases' && body.includes('"Keys"')
    response.end(asksBesides ? '{"Aliases":[],"Truncated":false}' : body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients = openClients({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  })
  return {
    clients,
    async [Symbol.asyncDispose]() {
      clients.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
