import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { GCM_MAX_PLAINTEXT } from '../../../electron/envelope/size.ts'
import { wrapWithAes } from '../../../electron/envelope/wrap-aes.ts'
import { cseC } from '../../../electron/modes/cse-c.ts'
import { detect, outline } from '../../../electron/modes/detect.ts'
import type { ModeEnv, ModeOptions } from '../../../electron/modes/mode.ts'
import { prepareWrite } from '../../../electron/modes/registry.ts'
import type { TestKeyRing } from '../../support/keyring.ts'
import { failure } from '../envelope/support.ts'
import { factsOf, offline, plot, read, rejection, sealWith, storedOf, writeOf } from './support.ts'

let env: ModeEnv
let keys: TestKeyRing
beforeEach(() => ({ env, keys } = offline()))

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PLAINTEXT = Buffer.from('what is written here nobody else shall read')

async function write(options: ModeOptions, plaintext = PLAINTEXT) {
  const plan = await cseC.prepareWrite(env, writeOf(options, plaintext.length))
  const stored = sealWith(plan, plaintext)
  return { plan, stored, facts: factsOf(plan.metadata, stored.length) }
}

describe.each(['v3', 'v2'] as const)('CSE-C in format %s', (format) => {
  it.each(['aes', 'rsa'])('comes back under an %s key', async (kind) => {
    const key = kind === 'aes' ? keys.addAes('mine') : keys.addRsa('mine', rsa.privateKey)
    const { plan, stored, facts } = await write({ key: 'mine', format })
    expect(plan).toMatchObject({ mode: 'cse-c', keyId: key.id, format, encryption: {}, customerKey: {}, tags: {} })
    expect(detect(facts)).toMatchObject({ mode: 'cse-c', keyId: key.id, format })
    const { plaintext, plan: readPlan } = await read(env, facts, stored)
    expect(plaintext).toEqual(PLAINTEXT)
    expect(readPlan).toMatchObject({ plaintextSize: PLAINTEXT.length, authenticated: true })
    expect(readPlan.recognition.keyId).toBe(key.id)
  })

  it('never gives other bytes, whatever bit of what is stored is flipped', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({ format }, PLAINTEXT.subarray(0, 10))
    for (let bit = 0; bit < stored.length * 8; bit++) {
      const error = await rejection(read(env, facts, flipped(stored, bit)))
      expect(error.code).toBe('INTEGRITY')
    }
  })

  it('never gives other bytes, whatever bit of its metadata is flipped', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({ format }, PLAINTEXT.subarray(0, 10))
    const expected = ['COMMITMENT_MISMATCH', 'ENVELOPE_INVALID', 'INTEGRITY', 'KEY_NOT_FOUND']
    for (const [name, value] of Object.entries(facts.metadata)) {
      if (name === 'x-amz-m' || name === 'x-amz-matdesc') continue
      for (let bit = 0; bit < value.length * 8; bit++) {
        const metadata = { ...facts.metadata, [name]: flipped(Buffer.from(value), bit).toString('latin1') }
        const error = await rejection(read(env, { ...facts, metadata }, stored))
        expect(expected).toContain(error.code)
      }
    }
  })

  it('refuses an object without one of its names', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({ format })
    for (const name of Object.keys(facts.metadata)) {
      if (name === 'x-amz-m' || name === 'x-amz-matdesc') continue
      const metadata = Object.fromEntries(Object.entries(facts.metadata).filter(([other]) => other !== name))
      expect(await rejection(read(env, { ...facts, metadata }, stored))).toHaveProperty('code', 'ENVELOPE_INVALID')
    }
  })
})

describe('CSE-C, writing', () => {
  it('names the key in the materials description, and never the material', async () => {
    const bytes = randomBytes(32)
    const key = keys.addAes('mine', Buffer.from(bytes))
    const { plan, stored } = await write({})
    expect(JSON.parse(plan.metadata['x-amz-m'] ?? '')).toEqual({ 'coffer-key': key.id })
    const everything = JSON.stringify([plan.metadata, plan.journey(storedOf(stored.length))])
    for (const encoding of ['base64', 'hex'] as const) expect(everything).not.toContain(bytes.toString(encoding))
  })

  it('takes the only key there is, and asks for a name where there are several', async () => {
    expect(await rejection(write({}))).toHaveProperty('code', 'KEY_NOT_FOUND')
    const first = keys.addAes('first')
    expect((await write({})).plan.keyId).toBe(first.id)
    keys.addRsa('second', rsa.privateKey)
    expect(await rejection(write({}))).toHaveProperty('code', 'INVALID_INPUT')
    expect(await rejection(write({ key: 'third' }))).toHaveProperty('code', 'KEY_NOT_FOUND')
  })

  it('refuses a file that is too large before anything else happens', async () => {
    const error = await rejection(cseC.prepareWrite(env, writeOf({ key: 'none' }, GCM_MAX_PLAINTEXT + 1)))
    expect(error.code).toBe('TOO_LARGE')
  })

  it.each([{ encryptionContext: { a: 'b' } }, { bucketKey: true }, { dsse: true }])('refuses %j', async (options) => {
    keys.addAes('mine')
    expect(await rejection(write(options))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('seals the same file to other bytes each time', async () => {
    keys.addAes('mine')
    expect((await write({})).stored).not.toEqual((await write({})).stored)
  })

  it('tells its journey', async () => {
    const key = keys.addAes('mine')
    const { plan, stored } = await write({})
    const journey = plan.journey(storedOf(stored.length, { requestId: 'R', serverSideEncryption: 'AES256' }))
    expect(plot(journey)).toEqual([
      'computer make-data-key',
      'computer wrap-data-key',
      'computer derive-key',
      'computer encrypt',
      'computer forget',
      'computer send',
      's3 encrypt',
      's3 store',
    ])
    expect(journey[1]?.facts).toMatchObject({ algorithm: 'AES/GCM', keyId: key.id })
    expect(plan.metadata['x-amz-3']?.startsWith(journey[1]?.facts.wrappedKey?.slice(0, -1) ?? '?')).toBe(true)
    expect(Number(journey[4]?.facts.dataKeyMs)).toBeGreaterThanOrEqual(0)
    expect(journey.filter(({ evidence }) => evidence === 'reported')).toHaveLength(1)
  })
})

describe('CSE-C, reading', () => {
  it('uses the key that the caller names, and no other', async () => {
    keys.addAes('mine')
    keys.addAes('other')
    const { stored, facts } = await write({ key: 'mine' })
    expect((await read(env, facts, stored, { key: 'mine' })).plaintext).toEqual(PLAINTEXT)
    expect(await rejection(read(env, facts, stored, { key: 'other' }))).toHaveProperty('code', 'KEY_WRONG')
    expect(await rejection(read(env, facts, stored, { key: 'none' }))).toHaveProperty('code', 'KEY_NOT_FOUND')
  })

  it('finds the key by itself where the object names none, or one that is not here', async () => {
    keys.addAes('other')
    keys.addRsa('another', rsa.privateKey)
    keys.addAes('mine')
    const { stored, facts } = await write({ key: 'mine' })
    const { 'x-amz-m': mark, ...unmarked } = facts.metadata
    expect(mark).toBeDefined()
    expect((await read(env, { ...facts, metadata: unmarked }, stored)).plaintext).toEqual(PLAINTEXT)
    const renamed = { ...unmarked, 'x-amz-m': '{"coffer-key":"of someone else"}' }
    expect((await read(env, { ...facts, metadata: renamed }, stored)).plaintext).toEqual(PLAINTEXT)
  })

  it('says that the key is not here, and which it is', async () => {
    const mine = keys.addAes('mine')
    const { stored, facts } = await write({ key: 'mine' })
    keys.remove(mine.id)
    keys.addAes('other')
    expect(await rejection(read(env, facts, stored))).toMatchObject({
      code: 'KEY_NOT_FOUND',
      facts: { keyId: mine.id },
    })
  })

  it('calls an envelope broken that does not open with the very key it names', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({})
    const metadata = { ...facts.metadata, 'x-amz-3': Buffer.alloc(60, 1).toString('base64') }
    expect(await rejection(read(env, { ...facts, metadata }, stored))).toHaveProperty('code', 'ENVELOPE_INVALID')
  })

  it('cannot be done with the public half of an RSA key', async () => {
    keys.addRsa('public', createPublicKey(rsa.privateKey))
    const { stored, facts } = await write({})
    expect(await rejection(read(env, facts, stored))).toHaveProperty('code', 'KEY_WRITE_ONLY')
    expect(await rejection(read(env, facts, stored, { key: 'public' }))).toHaveProperty('code', 'KEY_WRITE_ONLY')
  })

  it('tells its journey, and its outline tells the same beforehand', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({})
    const { journey } = await read(env, facts, stored)
    expect(plot(journey)).toEqual([
      'computer fetch',
      'computer unwrap-data-key',
      'computer verify-commitment',
      'computer derive-key',
      's3 send',
      'computer decrypt',
      'computer verify-tag',
      'computer forget',
    ])
    expect(plot(outline(facts))).toEqual(plot(journey).slice(0, -1))
    expect(outline(facts).every(({ evidence }) => evidence === 'reported')).toBe(true)
  })

  it('leaves no key behind', async () => {
    keys.addAes('mine')
    const { stored, facts } = await write({})
    await read(env, facts, stored)
    await rejection(read(env, facts, stored.subarray(1)))
    expect(keys.lent.length).toBeGreaterThan(2)
    for (const bytes of keys.lent) expect(bytes).toEqual(Buffer.alloc(32))
  })

  it('refuses an object that is too short before a byte is fetched', async () => {
    keys.addAes('mine')
    const { facts } = await write({})
    expect(await rejection(cseC.prepareRead(env, { facts: { ...facts, size: 15 }, options: {} }))).toHaveProperty(
      'code',
      'TRUNCATED',
    )
  })

  it('refuses an object without an envelope', async () => {
    const request = { facts: factsOf({}, 20), options: {} }
    expect(await rejection(cseC.prepareRead(env, request))).toHaveProperty('code', 'NOT_SEALED')
  })
})

describe('legacy client-side objects', () => {
  const dataKey = randomBytes(32)
  const iv = randomBytes(16)
  const cbc = encrypt('aes-256-cbc', dataKey, iv)
  const kek = randomBytes(32)
  const v1 = {
    'x-amz-key': encrypt('aes-256-ecb', kek, null, dataKey).toString('base64'),
    'x-amz-iv': iv.toString('base64'),
  }
  const v2 = (wrap: string, wrapped: Buffer) => ({
    'x-amz-key-v2': wrapped.toString('base64'),
    'x-amz-iv': iv.toString('base64'),
    'x-amz-cek-alg': 'AES/CBC/PKCS5Padding',
    'x-amz-wrap-alg': wrap,
    'x-amz-matdesc': '{}',
  })
  const aesWrap = encrypt('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6), dataKey)
  const v1Rsa = { 'x-amz-key': wrapBelowAnyModulus(rsa.publicKey, dataKey), 'x-amz-iv': iv.toString('base64') }

  it.each([
    ['V1 under AES', v1],
    ['V1 under RSA', v1Rsa],
    ['V2 with CBC and AESWrap', v2('AESWrap', aesWrap)],
  ])('are read once that is allowed, and not before: %s', async (_, metadata) => {
    keys.addAes('kek', kek)
    keys.addRsa('rsa', rsa.privateKey)
    const facts = factsOf(metadata, cbc.length)
    expect(await rejection(read(env, facts, cbc))).toHaveProperty('code', 'LEGACY_NOT_ALLOWED')
    const { plaintext, plan, journey } = await read(env, facts, cbc, { allowLegacy: true })
    expect(plaintext).toEqual(PLAINTEXT)
    expect(plan.plaintextSize).toBeGreaterThanOrEqual(PLAINTEXT.length)
    expect(plan.authenticated).toBe(false)
    expect(plot(journey)).not.toContain('computer verify-tag')
  })

  it('under RSA v1.5 ask for the key’s name where there are several', async () => {
    keys.addRsa('one', rsa.privateKey)
    keys.addRsa('two')
    const facts = factsOf(v1Rsa, cbc.length)
    expect(await rejection(read(env, facts, cbc, { allowLegacy: true }))).toHaveProperty('code', 'KEY_NOT_FOUND')
    expect((await read(env, facts, cbc, { allowLegacy: true, key: 'one' })).plaintext).toEqual(PLAINTEXT)
    // A wrong key shows in the padding alone, which one garbage in 256 has by chance.
    const mistaken = await read(env, facts, cbc, { allowLegacy: true, key: 'two' }).catch((error: unknown) => error)
    if (mistaken instanceof Error) expect(mistaken).toHaveProperty('code', 'INTEGRITY')
    else expect(mistaken).not.toMatchObject({ plaintext: PLAINTEXT })
  })

  it('under RSA v1.5 show a wrong key at once where the wrapped key is no number below its modulus', async () => {
    keys.addRsa('two')
    const tooLarge = Buffer.alloc(256, 0xff).toString('base64')
    const facts = factsOf({ ...v1Rsa, 'x-amz-key': tooLarge }, cbc.length)
    const reading = read(env, facts, cbc, { allowLegacy: true, key: 'two' })
    expect(await rejection(reading)).toHaveProperty('code', 'KEY_WRONG')
  })

  it('fail in one way under CBC, whatever is wrong', async () => {
    keys.addAes('kek', kek)
    const open = (stored: Buffer) => rejection(read(env, factsOf(v1, stored.length), stored, { allowLegacy: true }))
    const errors = [await open(flipped(cbc, (cbc.length - 17) * 8)), await open(cbc.subarray(0, 33))]
    expect(new Set(errors.map(({ code, message }) => code + message)).size).toBe(1)
    expect(errors[0]?.code).toBe('INTEGRITY')
  })

  it('include V2 whose key is in an instruction file, which a V3 object may have', async () => {
    keys.addAes('mine')
    const old = await write({ format: 'v2' })
    const beside = { ...old.facts, metadata: {}, instruction: old.facts.metadata }
    expect(await rejection(read(env, beside, old.stored))).toHaveProperty('code', 'LEGACY_NOT_ALLOWED')
    expect((await read(env, beside, old.stored, { allowLegacy: true })).plaintext).toEqual(PLAINTEXT)

    const { stored, facts } = await write({ format: 'v3' })
    const { 'x-amz-3': key = '', 'x-amz-w': wrap = '', 'x-amz-m': mark = '', ...onObject } = facts.metadata
    const split = { ...facts, metadata: onObject, instruction: { 'x-amz-3': key, 'x-amz-w': wrap, 'x-amz-m': mark } }
    const { plaintext, journey } = await read(env, split, stored)
    expect(plaintext).toEqual(PLAINTEXT)
    expect(journey[0]?.text).toContain('instruction file')
  })

  it('cannot be faked by swapping in another key: a V3 object commits to its own', async () => {
    const mine = keys.addAes('mine', kek)
    const { stored, facts } = await write({ key: 'mine' })
    const swapped = wrapWithAes(randomBytes(32), '115', kek, { 'coffer-key': mine.id })
    const metadata = { ...facts.metadata, 'x-amz-3': swapped.bytes.toString('base64') }
    expect(await rejection(read(env, { ...facts, metadata }, stored))).toHaveProperty('code', 'COMMITMENT_MISMATCH')
  })

  it('are recognised as broken by detect, too', () => {
    expect(failure(() => detect(factsOf({ ...v1, 'x-amz-c': '115' }, 48)))).toHaveProperty('code', 'ENVELOPE_INVALID')
  })
})

function encrypt(algorithm: string, key: Buffer, iv: Buffer | null, plaintext = PLAINTEXT): Buffer {
  const cipher = createCipheriv(algorithm, key, iv)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** RSAES-PKCS1-v1_5 whose number is below every modulus of its size, whose top bit is set: any key then gives some answer. */
function wrapBelowAnyModulus(key: KeyObject, dataKey: Buffer): string {
  for (;;) {
    const wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, dataKey)
    if (wrapped.readUInt8() < 0x80) return wrapped.toString('base64')
  }
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return changed
}

it('S3 is asked to encrypt it once more where that is chosen, and no other mode takes that choice', async () => {
  keys.addAes('mine')
  const outerLayer = { algorithm: 'aws:kms', kmsKeyId: 'letters' } as const
  const plan = await prepareWrite('cse-c', env, writeOf({ key: 'mine', outerLayer }))
  expect(plan.encryption).toEqual({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'letters' })
  const stored = storedOf(10, { serverSideEncryption: 'aws:kms', kmsKeyId: 'letters' })
  expect(plot(plan.journey(stored)).slice(-2)).toEqual(['s3 encrypt', 's3 store'])
  plan.dispose()
  for (const mode of ['sse-s3', 'sse-kms', 'bucket-default'] as const) {
    expect(await rejection(prepareWrite(mode, env, writeOf({ outerLayer })))).toHaveProperty('code', 'INVALID_INPUT')
  }
})
