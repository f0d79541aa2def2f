import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CofferClient } from '../../../electron/api/client.ts'
import { createInProcessClient } from '../../../electron/api/router.ts'
import { isCofferError } from '../../../electron/base/errors.ts'
import { openCoffer } from '../../../electron/compose.ts'
import type { Coffer } from '../../../electron/compose.ts'
import { HOSTS, type Host } from './hosts.ts'

/** A port of this machine where nobody listens. */
async function deadEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

let home: string
let coffer: Coffer

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coffer-contract-'))
  // Credentials that are there and good for nothing: what is asked here never reaches a server.
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'none'
  coffer = await openCoffer({ home, env: {} })
})
afterAll(async () => {
  await coffer.close()
  await rm(home, { recursive: true })
})

describe.each(HOSTS)('the contract %s', (_name, open) => {
  let host: Host
  let client: CofferClient
  beforeAll(async () => {
    host = await open(coffer)
    client = host.client
  })
  afterAll(() => host.close())

  it('an answer arrives as it was given', async () => {
    expect(await client.places.list()).toEqual([
      expect.objectContaining({ id: 'local', kind: 'local', isDefault: true }),
    ])
  })

  it('a failure keeps its code, message, hint and facts', async () => {
    const failure: unknown = await client.keys.impact({ key: 'nobody' }).catch((error: unknown) => error)
    if (!isCofferError(failure)) throw new Error(`not a CofferError: ${String(failure)}`)
    const { code, message, hint, facts } = failure
    expect({ code, message, hint, facts }).toEqual({
      code: 'KEY_NOT_FOUND',
      message: 'There is no key nobody here.',
      hint: 'Import the key or restore its recovery kit: coffer key import.',
      facts: { keyId: 'nobody' },
    })
  })

  it('a failure in the middle of a stream keeps its code', async () => {
    const place = { endpoint: await deadEndpoint(), region: 'us-east-1' }
    const read = async (): Promise<unknown> => {
      const pages: unknown[] = []
      for await (const page of await client.objects.list({ place, bucket: 'bucket', key: '' })) pages.push(page)
      return pages
    }
    await expect(read()).rejects.toMatchObject({ name: 'CofferError', code: 'NETWORK' })
  })

  it('input that its schema does not know is refused, and named', async () => {
    const input = { place: 'local', bucket: 'bucket', extra: 1 }
    await expect(client.buckets.create(input)).rejects.toMatchObject({
      name: 'CofferError',
      code: 'INVALID_INPUT',
      message: expect.stringContaining('extra') as unknown,
    })
  })

  it('a cancel arrives as CANCELLED', async () => {
    const place = { endpoint: await deadEndpoint(), region: 'us-east-1' }
    const signal = AbortSignal.abort()
    await expect(client.buckets.list({ place }, { signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('schemas', () => {
  const ok = { place: 'local', bucket: 'bucket', key: 'key' }
  it.each<[string, (client: CofferClient) => Promise<unknown>]>([
    ['a bucket name with a slash', (client) => client.buckets.create({ place: 'local', bucket: 'a/b' })],
    ['a bucket name in capitals', (client) => client.buckets.create({ place: 'local', bucket: 'BUCKET' })],
    ['an endpoint that is no web address', (client) => client.buckets.list({ place: { endpoint: 'file:///etc' } })],
    ['an empty place', (client) => client.buckets.list({ place: '' })],
    ['no path to put', (client) => client.objects.put({ ...ok, paths: [], mode: 'sse-s3' })],
    ['a mode that there is not', (client) => client.objects.put({ ...ok, paths: ['a'], mode: 'rot13' as 'sse-s3' })],
    [
      'an envelope format that is read only',
      (client) => client.objects.put({ ...ok, paths: ['a'], mode: 'cse-c', options: { format: 'v1' as 'v2' } }),
    ],
    ['a key longer than S3 takes', (client) => client.objects.inspect({ ...ok, key: 'é'.repeat(513) })],
    ['a hundred files at once', (client) => client.objects.verify({ ...ok, concurrency: 100 })],
    ['no keys to remove', (client) => client.objects.remove({ place: 'local', bucket: 'bucket', keys: [] })],
    ['a key without a name', (client) => client.keys.create({ name: ' ' })],
    ["an alias of AWS's own", (client) => client.kms.create({ place: 'local', alias: 'alias/aws/s3' })],
    [
      'a waiting time that KMS does not take',
      (client) => client.kms.scheduleDeletion({ place: 'local', key: 'k', days: 3, confirm: 'k' }),
    ],
    ['a principal with a path', (client) => client.principals.add({ name: '../root' })],
  ])('refuse %s before anything is done', async (_name, call) => {
    await expect(call(createInProcessClient(coffer))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await coffer.localCloud.status()).toMatchObject({ running: false })
  })

  it('to delete a key its name must be given exactly', async () => {
    const client = createInProcessClient(coffer)
    // A public half rests in the store alone, so that this needs no keychain.
    const { publicKey } = await import('node:crypto').then(({ generateKeyPairSync }) =>
      generateKeyPairSync('rsa', { modulusLength: 3072 }),
    )
    const text = publicKey.export({ format: 'pem', type: 'spki' }) as string
    const { id } = await client.keys.import({ name: 'backup', from: { text } })
    await expect(client.keys.remove({ key: id, confirm: 'Backup' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await client.keys.remove({ key: id, confirm: 'backup' })
    expect(await client.keys.list()).toEqual([])
  })

  it('what was done is in the activity list, newest first, with how it ended', async () => {
    const client = createInProcessClient(coffer)
    await client.places.remove({ place: 'nowhere' }).catch(() => undefined)
    const [newest] = await client.activity.list({ limit: 1 })
    expect(newest).toMatchObject({ what: 'place', outcome: 'PLACE_NOT_FOUND' })
  })
})
