import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ModeChoice } from '../../../electron/base/mode-names.ts'
import { detect, outline, prepareRead } from '../../../electron/modes/detect.ts'
import type { ModeOptions, ObjectFacts } from '../../../electron/modes/mode.ts'
import { MODES, modeById, prepareWrite } from '../../../electron/modes/registry.ts'
import { factsOf, offline, plot, read, rejection, storedOf, writeOf } from './support.ts'

const { env, keys } = offline()
const key = keys.addAes('mine', Buffer.alloc(32, 5))
keys.addRsa('rsa')

const plan = (mode: ModeChoice, options: ModeOptions = {}) => prepareWrite(mode, env, writeOf(options))
const facts = (more: Partial<ObjectFacts>) => factsOf({}, 10, more)

describe('the registry', () => {
  it('knows each mode by its id', () => {
    for (const mode of MODES) expect(modeById(mode.id)).toBe(mode)
    expect(MODES.map(({ id }) => id).sort()).toEqual(['cse-c', 'cse-kms', 'sse-c', 'sse-kms', 'sse-s3'])
  })
})

describe('a key or a context that is named for a read', () => {
  it.each([
    [undefined, { key: 'mine' }],
    ['AES256', { key: 'mine' }],
    ['aws:kms', { key: 'mine' }],
    ['AES256', { encryptionContext: { a: 'b' } }],
    ['aws:kms', { encryptionContext: { a: 'b' } }],
  ])('must have a use: an object under %s with %j is NOT_SEALED', async (serverSideEncryption, options) => {
    const error = await rejection(prepareRead(env, { facts: facts({ serverSideEncryption }), options }))
    expect(error).toHaveProperty('code', 'NOT_SEALED')
  })

  it('may be an empty context', async () => {
    const request = { facts: facts({ serverSideEncryption: 'AES256' }), options: { encryptionContext: {} } }
    await expect(prepareRead(env, request)).resolves.toBeDefined()
  })
})

describe('SSE-S3', () => {
  it('asks for AES256 and for nothing else', async () => {
    const { sealer, ...written } = await plan('sse-s3')
    expect(sealer).toBeNull()
    expect(written).toMatchObject({
      encryption: { ServerSideEncryption: 'AES256' },
      customerKey: {},
      metadata: {},
      tags: {},
      keyId: undefined,
      format: undefined,
    })
  })

  it.each([
    { key: 'k' },
    { encryptionContext: { a: 'b' } },
    { bucketKey: true },
    { dsse: true },
    { format: 'v2' as const },
  ])('refuses %j', async (options) =>
    expect(await rejection(plan('sse-s3', options))).toHaveProperty('code', 'INVALID_INPUT'),
  )

  it('takes options that ask for nothing', async () => {
    await expect(plan('sse-s3', { bucketKey: false, dsse: false, encryptionContext: {} })).resolves.toBeDefined()
  })

  it('tells its journey, both ways', async () => {
    const stored = storedOf(10, { serverSideEncryption: 'AES256' })
    expect(plot((await plan('sse-s3')).journey(stored))).toEqual([
      'computer send',
      's3 make-data-key',
      's3 encrypt',
      's3 wrap-data-key',
      's3 store',
      's3 forget',
    ])
    const { journey, plaintext } = await read(env, facts({ serverSideEncryption: 'AES256' }), Buffer.from('plain'))
    expect(plaintext.toString()).toBe('plain')
    expect(plot(journey)).toEqual(['computer fetch', 's3 unwrap-data-key', 's3 decrypt', 's3 forget', 's3 send'])
  })
})

describe('SSE-KMS', () => {
  it('asks for the key, the context in base64, and the bucket key', async () => {
    const { encryption, keyId } = await plan('sse-kms', {
      key: 'alias/k',
      encryptionContext: { wer: 'ü' },
      bucketKey: true,
    })
    expect(keyId).toBe('alias/k')
    expect(encryption).toEqual({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'alias/k',
      SSEKMSEncryptionContext: Buffer.from('{"wer":"\\u00fc"}').toString('base64'),
      BucketKeyEnabled: true,
    })
  })

  it('leaves the key to S3 if none is named', async () => {
    expect((await plan('sse-kms')).encryption).toEqual({ ServerSideEncryption: 'aws:kms' })
  })

  it('asks for two layers, which go without a bucket key', async () => {
    expect((await plan('sse-kms', { dsse: true, bucketKey: false })).encryption).toEqual({
      ServerSideEncryption: 'aws:kms:dsse',
    })
    expect(await rejection(plan('sse-kms', { dsse: true, bucketKey: true }))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('refuses an envelope format', async () => {
    expect(await rejection(plan('sse-kms', { format: 'v3' }))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('tells its journey, both ways', async () => {
    const stored = storedOf(10, { serverSideEncryption: 'aws:kms', kmsKeyId: 'arn' })
    const journey = (await plan('sse-kms', { encryptionContext: { a: 'b' } })).journey(stored)
    expect(plot(journey)).toEqual([
      'computer send',
      's3 request-data-key',
      'kms issue-data-key',
      's3 encrypt',
      's3 store',
      's3 forget',
    ])
    expect(journey[1]?.facts).toEqual({ keyId: 'arn', encryptionContext: '{"a":"b"}' })
    const kms = facts({ serverSideEncryption: 'aws:kms', kmsKeyId: 'arn' })
    const { journey: back } = await read(env, kms, Buffer.alloc(1))
    expect(plot(back)).toEqual([
      'computer fetch',
      's3 request-data-key',
      'kms unwrap-data-key',
      'kms issue-data-key',
      's3 decrypt',
      's3 forget',
      's3 send',
    ])
    expect(back[2]?.facts.keyId).toBe('arn')
    expect(plot(outline(kms))).toEqual(plot(back))
  })

  it('tells of the bucket key and of two layers', async () => {
    const tell = async (more: Partial<Parameters<typeof storedOf>[1]>) =>
      (await plan('sse-kms')).journey(storedOf(1, { serverSideEncryption: 'aws:kms', ...more }))
    expect(plot(await tell({ bucketKeyEnabled: true }))).toContain('s3 make-data-key')
    const layers = await tell({ serverSideEncryption: 'aws:kms:dsse' })
    expect(layers.find(({ act }) => act === 'encrypt')?.text).toContain('two layers')
  })
})

describe('SSE-C', () => {
  it('puts the key’s three fields on every request and marks the object with the key’s id', async () => {
    const written = await plan('sse-c', { key: 'mine' })
    const material = Buffer.alloc(32, 5)
    const fields = {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: material.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(material).digest('base64'),
    }
    expect(written).toMatchObject({
      encryption: fields,
      customerKey: fields,
      keyId: key.id,
      tags: { 'coffer-key': key.id },
    })
  })

  it('takes the only AES-256 key there is, and no RSA key', async () => {
    expect((await plan('sse-c')).keyId).toBe(key.id)
    expect(await rejection(plan('sse-c', { key: 'rsa' }))).toHaveProperty('code', 'INVALID_INPUT')
    expect(await rejection(plan('sse-c', { key: 'none' }))).toHaveProperty('code', 'KEY_NOT_FOUND')
    expect(await rejection(plan('sse-c', { bucketKey: true }))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('reads with the key that S3 answered HEAD with', async () => {
    const found = facts({ needsCustomerKey: true, customerKeyId: key.id })
    const { plan: readPlan, journey } = await read(env, found, Buffer.alloc(1))
    expect(readPlan.customerKey.SSECustomerKey).toBe(Buffer.alloc(32, 5).toString('base64'))
    expect(readPlan.recognition).toMatchObject({ mode: 'sse-c', keyId: key.id })
    expect(plot(journey)).toEqual([
      'computer fetch',
      'computer send-customer-key',
      's3 decrypt',
      's3 forget',
      's3 send',
      'computer forget',
    ])
  })

  it('reads with the named key, or says that it needs one', async () => {
    const unknown = facts({ needsCustomerKey: true })
    expect((await prepareRead(env, { facts: unknown, options: { key: 'mine' } })).customerKey).toHaveProperty(
      'SSECustomerAlgorithm',
    )
    expect(await rejection(prepareRead(env, { facts: unknown, options: {} }))).toHaveProperty('code', 'KEY_NOT_FOUND')
  })

  it('tells its journey, and never the key', async () => {
    const journey = (await plan('sse-c', { key: 'mine' })).journey(storedOf(1, { customerAlgorithm: 'AES256' }))
    expect(plot(journey)).toEqual([
      'computer send-customer-key',
      'computer send',
      's3 encrypt',
      's3 store',
      's3 forget',
      'computer forget',
    ])
    expect(JSON.stringify(journey)).not.toContain(Buffer.alloc(32, 5).toString('base64').slice(0, 12))
  })

  it('claims no encryption that S3 did not report', async () => {
    expect(plot((await plan('sse-c', { key: 'mine' })).journey(storedOf(1)))).not.toContain('s3 encrypt')
  })
})

describe('the bucket’s default', () => {
  it('sends no header and takes no option', async () => {
    expect(await plan('bucket-default')).toMatchObject({ encryption: {}, metadata: {}, tags: {}, sealer: null })
    expect(await rejection(plan('bucket-default', { key: 'k' }))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('tells what S3 reports that it did', async () => {
    const written = await plan('bucket-default')
    const reports = (serverSideEncryption?: string) => plot(written.journey(storedOf(1, { serverSideEncryption })))
    expect(reports('aws:kms')).toContain('kms issue-data-key')
    expect(reports('AES256')).toContain('s3 wrap-data-key')
    expect(reports()).toEqual(['computer send', 's3 store'])
  })
})

describe('detection', () => {
  it.each([
    [{ serverSideEncryption: 'AES256' }, 'sse-s3', undefined],
    [{ serverSideEncryption: 'aws:kms', kmsKeyId: 'arn' }, 'sse-kms', 'arn'],
    [{ serverSideEncryption: 'aws:kms:dsse', kmsKeyId: 'arn' }, 'sse-kms', 'arn'],
    [{ needsCustomerKey: true }, 'sse-c', undefined],
    [{ customerKeyId: 'id' }, 'sse-c', 'id'],
    [{}, 'none', undefined],
    [{ serverSideEncryption: 'aws:fsx' }, 'unknown', undefined],
  ] as const)('of %j gives %s', (more, mode, keyId) => {
    expect(detect(facts(more))).toMatchObject({ mode, keyId })
  })

  it('reads what is in no mode as plain bytes', async () => {
    const { plaintext, journey } = await read(env, facts({}), Buffer.from('plain'))
    expect(plaintext.toString()).toBe('plain')
    expect(plot(journey)).toEqual(['computer fetch', 's3 send'])
    expect(journey[1]?.text).not.toContain('decrypted')
  })

  it('says which mode an object is not in', async () => {
    for (const id of ['sse-s3', 'sse-kms', 'sse-c'] as const)
      expect(await rejection(modeById(id).prepareRead(env, { facts: facts({}), options: {} }))).toHaveProperty(
        'code',
        'UNSUPPORTED',
      )
  })
})
