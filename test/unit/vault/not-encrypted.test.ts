import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exitCode } from '../../../electron/base/errors.ts'
import type { ModeId } from '../../../electron/base/mode-names.ts'
import type { TestedBehaviour } from '../../../electron/cloud/behaviour.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { ModeOptions } from '../../../electron/modes/mode.ts'
import { inspect } from '../../../electron/vault/inspect.ts'
import { put } from '../../../electron/vault/put.ts'
import type { Vault } from '../../../electron/vault/vault.ts'
import { verify } from '../../../electron/vault/verify.ts'
import { startLyingServer, type LyingServer } from '../../support/lying-s3.ts'
import { bytes, chunksOf, MiB } from '../transfers/kit.ts'
import { openTestVault, type TestVault } from './kit.ts'

const { signal } = new AbortController()
const SERVER_MODES = ['sse-s3', 'sse-kms', 'sse-c'] as const
const KMS_KEY = 'arn:aws:kms:us-east-1:111122223333:key/one'
let server: LyingServer
let vault: TestVault
let optionsFor: Record<string, ModeOptions>
let files = 0

beforeAll(async () => {
  server = await startLyingServer()
  vault = await openTestVault(server.connection)
  const { id: sent } = await vault.keys.create({ name: 'sent' })
  const { id: kept } = await vault.keys.create({ name: 'kept' })
  optionsFor = { 'sse-s3': {}, 'sse-kms': { key: KMS_KEY }, 'sse-c': { key: sent }, 'cse-c': { key: kept } }
})
afterEach(() => {
  server.lies = {}
  server.log.length = 0
})
afterAll(async () => {
  await vault.end()
  await server.close()
})

interface Wish {
  mode: ModeId
  size?: number
  key?: string
  options?: ModeOptions
  overwrite?: 'refuse' | 'replace'
  tested?: TestedBehaviour
}

/** By a client of its own: what one has seen of the server saves it questions. */
async function putOne({ mode, size = 100, key = `file-${++files}`, options, overwrite = 'refuse', tested }: Wish) {
  const clients = openClients(server.connection)
  const other: Vault = { ...vault, s3: clients.s3, kms: clients.kms, server: { ...vault.server, tested } }
  const content = bytes(size)
  const source = { size, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
  const request = { source, bucket: 'box', key, mode, options: { ...optionsFor[mode], ...options }, overwrite }
  try {
    return await put(other, request, { signal })
  } finally {
    clients.close()
  }
}

function asked(method: string): number {
  return server.log.filter((line) => line.startsWith(`${method} `)).length
}

describe.for([
  ['put', 100],
  ['multipart', 8 * MiB + 1],
] as const)('a file that goes by %s', ([way, size]) => {
  test.for(SERVER_MODES)('and comes out in the clear in %s is a failure and does not stay', async (mode) => {
    server.lies = { encryption: { [way]: 'dropped' } }
    const failed = putOne({ mode, size, key: `dropped-${mode}` })
    const host = new URL(server.connection.endpoint ?? '').host
    await expect(failed).rejects.toMatchObject({
      code: 'NOT_ENCRYPTED',
      message: expect.stringContaining(`${host} did not encrypt s3://box/dropped-${mode}`) as string,
      hint: expect.stringMatching(/CSE-C or CSE-KMS here.*--allow-unencrypted/) as string,
    })
    expect(server.at(`box/dropped-${mode}`)).toBeUndefined()
  })

  test('under SSE-C that anyone gets without the key is a failure, whatever the headers say', async () => {
    server.lies = { encryption: { [way]: 'echoed' } }
    await expect(putOne({ mode: 'sse-c', size, key: 'echoed' })).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
    expect(server.at('box/echoed')).toBeUndefined()
  })

  test.for(SERVER_MODES)('is what HEAD says, where the answer says nothing: %s', async (mode) => {
    server.lies = { silent: true }
    const done = await putOne({ mode, size })
    expect(done).toMatchObject({ mode, keyId: optionsFor[mode]?.key })
  })

  test.for(['sse-s3', 'sse-kms'] as const)(
    'is not believed to be encrypted by a server that repeats whatever it was sent: %s',
    async (mode) => {
      server.lies = { keepsRequest: true, silent: true }
      await expect(putOne({ mode, size, key: 'repeated' })).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
      expect(server.at('box/repeated')).toBeUndefined()
      expect(server.log.filter((line) => line.includes('.coffer-test-'))).toEqual([])
    },
  )

  test('under another KMS key than the one that was named is a failure', async () => {
    server.lies = { otherKmsKey: 'arn:aws:kms:us-east-1:111122223333:key/other' }
    await expect(putOne({ mode: 'sse-kms', size, key: 'other-key' })).rejects.toMatchObject({
      code: 'NOT_ENCRYPTED',
      message: expect.stringContaining('key/other') as string,
    })
    expect(server.at('box/other-key')).toBeUndefined()
  })

  test.for(SERVER_MODES)('in the clear stays with consent, and is called what it is: %s', async (mode) => {
    server.lies = { encryption: { [way]: 'dropped' } }
    const done = await putOne({ mode, size, options: { allowUnencrypted: true } })
    expect(done).toMatchObject({ mode: 'none', keyId: undefined })
    expect(server.at(`box/${done.key}`)).toBeDefined()
    expect(done.journey.map(({ act }) => act)).not.toContain('encrypt')
  })

  test('whose envelope does not come back cannot be read: it does not stay', async () => {
    server.lies = { dropsMetadata: true }
    await expect(putOne({ mode: 'cse-c', size, key: 'forgotten' })).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(server.at('box/forgotten')).toBeUndefined()
  })
})

test('the exit code is that of a failure of integrity', () => expect(exitCode('NOT_ENCRYPTED')).toBe(5))

test('a version that lies in the clear goes, and what was there before is there again', async () => {
  server.lies = { versions: true }
  await putOne({ mode: 'sse-s3', key: 'versioned' })
  const before = server.at('box/versioned')
  server.lies = { versions: true, encryption: { put: 'dropped' } }
  const failed = putOne({ mode: 'sse-s3', key: 'versioned', overwrite: 'replace' })
  await expect(failed).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
  expect(server.objects.get('box/versioned')).toEqual([before])
})

test('what cannot be removed again is told to lie there', async () => {
  server.lies = { encryption: { put: 'dropped' }, denied: ['DELETE'] }
  await expect(putOne({ mode: 'sse-s3', key: 'stays' })).rejects.toMatchObject({
    code: 'NOT_ENCRYPTED',
    message: expect.stringContaining('still lies there') as string,
  })
})

test('credentials that may not ask: the answer to the write counts, and its silence is no proof', async () => {
  server.lies = { denied: ['HEAD'] }
  expect(await putOne({ mode: 'sse-s3', overwrite: 'replace' })).toMatchObject({ mode: 'sse-s3' })
  server.lies = { denied: ['HEAD'], silent: true }
  await expect(putOne({ mode: 'sse-s3', overwrite: 'replace' })).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
})

describe('what a server was tested for', () => {
  const tested = {
    encrypts: { 'sse-s3': { put: true, multipart: true }, 'sse-c': { put: true } },
    keepsIfNoneMatch: { put: true },
  }

  test.for(['sse-s3', 'sse-c'] as const)('saves a small file every other question: %s', async (mode) => {
    await putOne({ mode, tested })
    expect(server.log).toHaveLength(1)
    await putOne({ mode })
    expect(asked('HEAD')).toBeGreaterThan(0)
  })

  test('does not save it for a file in parts', async () => {
    await putOne({ mode: 'sse-s3', size: 8 * MiB + 1, tested })
    expect(server.log.at(-1)).toMatch(/^HEAD /)
  })

  test('and found wrong is refused before anything is sent', async () => {
    const wrong = { encrypts: { 'sse-c': { put: false } } }
    await expect(putOne({ mode: 'sse-c', tested: wrong })).rejects.toMatchObject({ code: 'NOT_ENCRYPTED' })
    expect(server.log).toEqual([])
    expect(await putOne({ mode: 'sse-c', tested: wrong, options: { allowUnencrypted: true } })).toMatchObject({
      mode: 'sse-c',
    })
  })
})

test('what was remembered as SSE-C and is given without the key is not called SSE-C any more', async () => {
  const { key } = await putOne({ mode: 'sse-c' })
  const object = server.at(`box/${key}`)
  const wanted = { bucket: 'box', key, options: {} }
  expect(await verify(vault, wanted, { signal })).toMatchObject({ mode: 'sse-c' })
  // A server that has taken the key for the object until now, and says so of it still.
  if (object !== undefined) object.customerKey = undefined
  expect(await verify(vault, wanted, { signal })).toMatchObject({ mode: 'none', keyId: undefined })
  expect(await inspect(vault, wanted, signal)).toMatchObject({ mode: 'none', keyId: undefined })
  expect(vault.catalog.recall('test', 'box', key)).toMatchObject({ mode: 'none' })
})

test.for(SERVER_MODES)('a journey tells of a claim as a claim, in and out: %s', async (mode) => {
  const done = await putOne({ mode })
  const steps = done.journey.filter(({ act }) => act === 'encrypt')
  expect(steps).toMatchObject([
    { evidence: 'reported', text: expect.stringMatching(/asked S3 to .*nothing here proves/) as string },
  ])
  const { journey } = await inspect(vault, { bucket: 'box', key: done.key, options: {} }, signal)
  expect(journey.find(({ act }) => act === 'decrypt')?.text).toMatch(/nothing here proves/)
  expect(journey.map(({ text }) => text).join()).not.toMatch(/salted hash|data key/)
})
