import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { ModeOptions } from '../../../electron/modes/mode.ts'
import { put } from '../../../electron/vault/put.ts'
import { rekey } from '../../../electron/vault/rekey.ts'
import type { LostProperty, Vault } from '../../../electron/vault/vault.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { grant, startLyingServer, type Lies, type LyingServer } from '../../support/lying-s3.ts'
import { bytes, chunksOf } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

/* Re-keys on servers that do not do what they are asked: the old object goes only for one that is as it was asked to be. */

const { signal } = new AbortController()
const SSE = 'x-amz-server-side-encryption'
let server: LyingServer
let vault: TestVault
const keys: Partial<Record<ModeId, string>> = { 'sse-kms': 'arn:aws:kms:us-east-1:111122223333:key/one' }
let objects = 0

beforeAll(async () => {
  server = await startLyingServer()
  vault = await openTestVault(server.connection)
  keys['sse-c'] = (await vault.keys.create({ name: 'sent' })).id
  keys['cse-c'] = (await vault.keys.create({ name: 'kept' })).id
})
afterEach(() => {
  server.lies = {}
  server.objects.clear()
  server.log.length = 0
})
afterAll(async () => {
  await vault.end()
  await server.close()
})

/** By a client of its own: what one has seen of the server saves it questions. */
async function byClient<T>(work: (vault: Vault) => Promise<T>): Promise<T> {
  const clients = openClients(server.connection)
  try {
    return await work({ ...vault, s3: clients.s3, kms: clients.kms })
  } finally {
    clients.close()
  }
}

async function putOne(mode: ModeId, key = `object-${++objects}`, size = 1_000): Promise<string> {
  const content = bytes(size)
  const source = { size, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
  const request = { source, bucket: 'box', key, mode, options: { key: keys[mode] }, overwrite: 'replace' } as const
  await byClient((its) => put(its, request, { signal }))
  return key
}

function rekeyOne(key: string, mode: ModeId, to: ModeOptions = {}, onLost?: (lost: LostProperty[]) => void) {
  const request = { bucket: 'box', key, mode, from: {}, to: { key: keys[mode], ...to } }
  return byClient((its) => rekey(its, request, { signal, onLost }))
}

/** What is stored, by its key. */
const everything = (): string[] => [...server.objects.keys()].sort()

const SERVER_MODES = ['sse-s3', 'sse-kms', 'sse-c'] as const

describe.for(SERVER_MODES)('from CSE-C to %s', (mode) => {
  test.for<[string, Lies]>([
    ['neither by PutObject nor by CopyObject', { encryption: { put: 'dropped', copy: 'dropped' } }],
    ['not by PutObject', { encryption: { put: 'dropped' } }],
  ])('a server that encrypts %s: the sealed object stays as it is', async ([, lies]) => {
    const key = await putOne('cse-c')
    const before = server.at(`box/${key}`)
    server.lies = lies
    await expect(rekeyOne(key, mode)).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
    expect(server.at(`box/${key}`)).toBe(before)
    expect(everything()).toEqual([`box/${key}`])
  })

  test.for<[string, Lies]>([
    ['drops the encryption of a copy', { encryption: { copy: 'dropped' } }],
    ['refuses a copy', { unsupported: ['copy'] }],
    ['mixes the metadata of what a copy replaces into it', { mixesMetadata: { copy: 'target' } }],
    ['refuses conditions', { conditions: { put: 'refused', copy: 'refused' } }],
  ])('a server that %s: it ends encrypted all the same', async ([, lies]) => {
    const key = await putOne('cse-c')
    server.lies = lies
    expect(await rekeyOne(key, mode)).toMatchObject({ mode, keyId: mode === 'sse-s3' ? undefined : keys[mode] })
    const { headers, customerKey } = server.at(`box/${key}`) ?? expect.fail('It is gone.')
    expect(mode === 'sse-c' ? customerKey : headers[SSE]).toBeDefined()
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz-meta-x-amz-'))).toEqual([])
    expect(everything()).toEqual([`box/${key}`])
    await byClient((its) => verify(its, { bucket: 'box', key, options: {} }, { signal }))
  })

  test('a server that spoils every write to that one key: the content is kept and named', async () => {
    const key = await putOne('cse-c')
    server.lies = { plainAt: `box/${key}` }
    const failure = await rekeyOne(key, mode).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'NOT_ENCRYPTED', hint: expect.stringContaining('is safe') as string })
    const [kept, ...others] = everything()
    expect(others).toEqual([])
    expect(kept).toMatch(new RegExp(`^box/${key}\\.coffer-`))
    expect((failure as Error & { hint: string }).hint).toContain(kept)
    expect(server.at(kept ?? '')?.headers['content-type']).toBeDefined()
  })
})

test('a server that says it encrypts a copy with the key and gives it to anybody: by way of this computer', async () => {
  const key = await putOne('sse-s3')
  server.lies = { encryption: { copy: 'echoed' } }
  await rekeyOne(key, 'sse-c')
  expect(server.at(`box/${key}`)?.customerKey).toBeDefined()
  expect(everything()).toEqual([`box/${key}`])
})

test.for<[string, Lies]>([
  ['drops the encryption of a copy', { encryption: { copy: 'dropped' } }],
  ['refuses a copy', { unsupported: ['copy'] }],
])('from one encryption in S3 to another, a server that %s', async ([, lies]) => {
  const key = await putOne('sse-s3')
  server.lies = lies
  expect(await rekeyOne(key, 'sse-kms')).toMatchObject({ mode: 'sse-kms', keyId: keys['sse-kms'] })
  expect(server.at(`box/${key}`)?.headers[SSE]).toBe('aws:kms')
  expect(everything()).toEqual([`box/${key}`])
})

test('a server that mixes old metadata into whatever is written over it: nothing is written over it', async () => {
  const key = await putOne('cse-c')
  const before = server.at(`box/${key}`)
  server.lies = { mixesMetadata: { put: 'target', copy: 'target' } }
  await expect(rekeyOne(key, 'sse-s3')).rejects.toMatchObject({ code: 'INTEGRITY' })
  expect(server.at(`box/${key}`)).toBe(before)
  expect(everything()).toEqual([`box/${key}`])
})

test('with versions, a new one in the clear goes, and the old one is the current one', async () => {
  server.lies = { versions: true }
  const key = await putOne('cse-c')
  const before = server.objects.get(`box/${key}`)
  server.lies = { versions: true, encryption: { put: 'dropped' } }
  await expect(rekeyOne(key, 'sse-s3')).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
  expect(server.objects.get(`box/${key}`)).toEqual(before)
})

test('plaintext stays with consent, and is called what it is', async () => {
  const key = await putOne('cse-c')
  server.lies = { encryption: { put: 'dropped', copy: 'dropped' } }
  expect(await rekeyOne(key, 'sse-s3', { allowUnencrypted: true })).toMatchObject({ mode: 'none' })
  expect(everything()).toEqual([`box/${key}`])
})

describe('what an object has besides its content', () => {
  const PROPERTIES = {
    'content-type': 'text/html',
    'cache-control': 'max-age=60',
    'content-disposition': 'inline',
    'content-language': 'de',
    'content-encoding': 'identity',
    expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
    'x-amz-website-redirect-location': '/other.html',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-object-lock-legal-hold': 'ON',
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': '2099-01-01T00:00:00Z',
    'x-amz-meta-owner': 'ann',
  }

  async function seed(more: Record<string, string> = {}): Promise<string> {
    const key = `page-${++objects}`
    await vault.s3.send(new PutObjectCommand({ Bucket: 'box', Key: key, Body: '<p>hi' }))
    Object.assign(server.at(`box/${key}`)?.headers ?? {}, PROPERTIES, more)
    return key
  }

  test.for<[string, ModeId, Lies]>([
    ['through this computer', 'cse-c', {}],
    ['by a copy', 'sse-s3', {}],
    ['by way of this computer, for copies are refused', 'cse-c', { unsupported: ['copy'] }],
    ['with versions', 'cse-c', { versions: true }],
  ])('is kept %s', async ([, mode, lies]) => {
    const key = await seed()
    server.lies = lies
    const lost: LostProperty[] = []
    await rekeyOne(key, mode, {}, (properties) => lost.push(...properties))
    expect(lost).toEqual([])
    expect(server.at(`box/${key}`)?.headers).toMatchObject(PROPERTIES)
    expect(everything()).toEqual([`box/${key}`])
  })

  test('is named where it cannot be kept, before anything is changed', async () => {
    const key = await seed({ expires: 'never' })
    const before = server.at(`box/${key}`)
    const request = { bucket: 'box', key, mode: 'cse-c', from: {}, to: { key: keys['cse-c'] } } as const
    const told: unknown[] = []
    const onLost = (lost: LostProperty[]): void => void told.push(...lost, server.at(`box/${key}`) === before)
    await byClient((its) => rekey(its, request, { signal, onLost }))
    expect(told).toEqual([{ what: 'Expires (“never” is no date)', isCertain: true }, true])
  })

  test('whoever was given access has it afterwards', async () => {
    const key = await seed()
    server.lies = { grants: grant('READ', '<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>') }
    await rekeyOne(key, 'sse-s3')
    expect(server.at(`box/${key}`)?.headers).toMatchObject({
      'x-amz-grant-full-control': 'id="me"',
      'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"',
    })
  })

  test('that may not be looked at is named', async () => {
    const key = await seed()
    server.lies = { denied: ['ACL', 'TAGS'] }
    const lost: LostProperty[] = []
    await rekeyOne(key, 'cse-c', {}, (properties) => lost.push(...properties))
    expect(lost.map(({ what }) => what).join()).toMatch(/its tags.*an access list/)
  })
})
