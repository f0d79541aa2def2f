import { createHash } from 'node:crypto'
import { CreateBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../../../electron/cloud/connection.ts'
import { prepareWrite } from '../../../electron/modes/registry.ts'
import { copyObject } from '../../../electron/transfers/copy.ts'
import { envOf } from '../../../electron/vault/look.ts'
import { put } from '../../../electron/vault/put.ts'
import { openReading, readThrough } from '../../../electron/vault/reading.ts'
import { startLocalCloud } from '../../support/localcloud.ts'
import { BELIEVED, startMoto } from '../../support/moto.ts'
import { gateProxy, type Gate } from '../../support/gate.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const watch = { signal: new AbortController().signal }
const BUCKET = 'parts'
/** What S3 does from 5 GB on, from 5 MiB on. */
const SIZES = { whole: 5 * MiB, part: 5 * MiB }
const content = bytes(10 * MiB + 1)
const PAIRS = [
  ['sse-s3', 'sse-kms'],
  ['sse-kms', 'sse-c'],
  ['sse-c', 'sse-s3'],
  ['sse-c', 'sse-c'],
] as const

interface Server {
  endpoint: string
  keys: [string, string]
  isOurs: boolean
  stop(): Promise<unknown>
}

async function computer(): Promise<Server> {
  const cloud = await startLocalCloud()
  const { endpoint, accessKeyId, secretAccessKey } = cloud
  return { endpoint, keys: [accessKeyId, secretAccessKey], isOurs: true, stop: () => cloud.stop() }
}

async function moto(): Promise<Server> {
  return { ...(await startMoto()), keys: ['testing', 'testing'], isOurs: false }
}

describe.each([
  ['This computer', computer],
  ['moto', moto],
])('a copy in parts on %s', (name, start) => {
  let server: Awaited<ReturnType<typeof start>>
  let proxy: Gate
  let requests: string[] = []
  let vault: TestVault
  const keyFor: Record<string, string[]> = {}

  beforeAll(async () => {
    server = await start()
    proxy = await gateProxy(server.endpoint, (piece) => {
      if (/^PUT [^ ]*partNumber=/.test(piece) && /^x-amz-copy-source:/im.test(piece)) requests.push(piece)
      return Promise.resolve()
    })
    const [accessKeyId, secretAccessKey] = server.keys
    const connection: Connection = {
      endpoint: proxy.url,
      kmsEndpoint: server.endpoint,
      region: 'us-east-1',
      pathStyle: true,
      caBundle: undefined,
      checksums: 'when-supported',
      credentials: { kind: 'keys', accessKeyId, secretAccessKey },
    }
    vault = await openTestVault(connection, false, BELIEVED)
    await vault.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
    keyFor['sse-c'] = [(await vault.keys.create({ name: 'one' })).id, (await vault.keys.create({ name: 'two' })).id]
    const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
    keyFor['sse-kms'] = [KeyMetadata?.Arn ?? '', KeyMetadata?.Arn ?? '']
  })
  afterAll(async () => {
    await vault.end()
    await proxy.close()
    await server.stop()
  })

  // Moto keeps what it is to keep under SSE-C in the clear, so there is no such object to copy.
  test.each(PAIRS.filter(([from]) => name !== 'moto' || from !== 'sse-c'))(
    'from %s to %s: the same bytes, both keys with every part, its own headers and tags',
    async (from, to) => {
      const [source, target] = [`${from}-${to}`, `${from}-${to}-copied`]
      const file = { size: content.length, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
      const options = { key: keyFor[from]?.[0] }
      requests = []
      await put(vault, { source: file, bucket: BUCKET, key: source, mode: from, options, overwrite: 'replace' }, watch)

      const reading = await openReading(vault, { bucket: BUCKET, key: source, options: {} }, watch.signal)
      const to2 = { key: keyFor[to]?.[1] }
      const wanted = { bucket: BUCKET, key: target, plaintextSize: content.length, options: to2 }
      const plan = await prepareWrite(to, envOf(vault, watch.signal), wanted)
      const opened: string[] = []
      const stored = await copyObject(
        vault.s3,
        {
          source: reading.stored,
          bucket: BUCKET,
          key: target,
          plan,
          metadata: { own: 'word' },
          headers: { ContentType: 'text/x-own' },
          tags: { own: 'tag' },
          created({ uploadId }) {
            opened.push(uploadId)
            return Promise.resolve()
          },
        },
        watch.signal,
        SIZES,
      )
      plan.dispose()
      reading.plan.dispose()

      expect(opened).toHaveLength(1)
      expect(stored.bytes).toBe(content.length)
      // Moto keeps nothing of SSE-C but the bytes; a key that is named for a read must have a use.
      const asked = to === 'sse-c' && server.isOurs ? to2 : {}
      const made = await openReading(vault, { bucket: BUCKET, key: target, options: asked }, watch.signal)
      if (server.isOurs || to !== 'sse-c') expect(made.plan.recognition.mode).toBe(to)
      expect(made.facts.metadata).toMatchObject({ own: 'word' })
      expect(made.head?.ContentType).toBe('text/x-own')
      const hash = createHash('sha256')
      await readThrough(vault, made, (piece) => void hash.update(piece), { ...watch, checksum: false })
      expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'))

      expect(requests).toHaveLength(3)
      for (const head of requests) {
        expect(head).toMatch(/x-amz-copy-source-if-match:/i)
        expect(/^x-amz-copy-source-server-side-encryption-customer-key:/im.test(head)).toBe(from === 'sse-c')
        expect(/^x-amz-server-side-encryption-customer-key:/im.test(head)).toBe(to === 'sse-c')
      }
      const { Uploads = [] } = await vault.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))
      expect(Uploads).toEqual([])
    },
  )

  test('stopped between two parts, it leaves neither an object nor an upload', async () => {
    const reading = await openReading(vault, { bucket: BUCKET, key: 'sse-s3-sse-kms', options: {} }, watch.signal)
    const wanted = { bucket: BUCKET, key: 'stopped', plaintextSize: content.length, options: {} }
    const plan = await prepareWrite('sse-s3', envOf(vault, watch.signal), wanted)
    const stop = new AbortController()
    const copy = {
      source: reading.stored,
      bucket: BUCKET,
      key: 'stopped',
      plan,
      metadata: {},
      headers: {},
      tags: undefined,
      created() {
        stop.abort()
        return Promise.resolve()
      },
    }
    await expect(copyObject(vault.s3, copy, stop.signal, SIZES)).rejects.toMatchObject({ code: 'CANCELLED' })
    const { Uploads = [] } = await vault.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))
    expect(Uploads).toEqual([])
    const head = vault.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'stopped' }))
    await expect(head).rejects.toMatchObject({ name: 'NotFound' })
  })
})
