import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CofferError } from '../../../electron/base/errors.ts'
import { sealContent } from '../../../electron/envelope/content.ts'
import { legacyReason } from '../../../electron/envelope/envelope.ts'
import { parseInstruction } from '../../../electron/envelope/instruction.ts'
import { instructionNeed, parseEnvelope } from '../../../electron/envelope/parse.ts'
import { writeEnvelope } from '../../../electron/envelope/write.ts'
import { failure } from './support.ts'

const b64 = (length: number, fill = 1) => Buffer.alloc(length, fill).toString('base64')
type Metadata = Record<string, string>

const V3: Metadata = {
  'x-amz-c': '115',
  'x-amz-3': b64(60),
  'x-amz-w': '02',
  'x-amz-d': b64(28),
  'x-amz-i': b64(28),
  'x-amz-m': '{"coffer-key":"k"}',
}
const V3_KMS: Metadata = {
  ...without(V3, 'x-amz-m'),
  'x-amz-w': '12',
  'x-amz-3': b64(184),
  'x-amz-t': '{"aws:x-amz-cek-alg":"115"}',
}
const V2: Metadata = {
  'x-amz-key-v2': b64(60),
  'x-amz-iv': b64(12),
  'x-amz-cek-alg': 'AES/GCM/NoPadding',
  'x-amz-wrap-alg': 'AES/GCM',
  'x-amz-matdesc': '{}',
  'x-amz-tag-len': '128',
}
const V2_CBC: Metadata = {
  'x-amz-key-v2': b64(40),
  'x-amz-iv': b64(16),
  'x-amz-cek-alg': 'AES/CBC/PKCS5Padding',
  'x-amz-wrap-alg': 'AESWrap',
}
const V1: Metadata = { 'x-amz-key': b64(48), 'x-amz-iv': b64(16), 'x-amz-matdesc': '{}' }

function without(metadata: Metadata, ...names: string[]): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !names.includes(name)))
}
const invalid = (metadata: Metadata, instruction?: Metadata) =>
  expect(failure(() => parseEnvelope(metadata, instruction))).toHaveProperty('code', 'ENVELOPE_INVALID')

describe('an envelope', () => {
  it('is null for an object that carries none', () => {
    for (const metadata of [{}, { mtime: '1' }, { 'x-amz-key-v2': '' }]) expect(parseEnvelope(metadata)).toBeNull()
    expect(parseEnvelope({}, {})).toBeNull()
    expect(parseEnvelope({}, { note: 'not ours' })).toBeNull()
  })

  it('is read in each format', () => {
    expect(parseEnvelope(V3)).toMatchObject({
      content: { cipher: 'gcm-committed', format: 'v3' },
      wrapped: { algorithm: 'AES/GCM', description: { 'coffer-key': 'k' } },
      source: 'metadata',
    })
    expect(parseEnvelope(V3_KMS)?.wrapped.algorithm).toBe('kms+context')
    expect(parseEnvelope(V2)).toMatchObject({ content: { cipher: 'gcm', format: 'v2' } })
    expect(parseEnvelope(V2_CBC)).toMatchObject({ content: { cipher: 'cbc', format: 'v2' } })
    expect(parseEnvelope(V1)).toMatchObject({ content: { cipher: 'cbc', format: 'v1' }, wrapped: { algorithm: 'AES' } })
    expect(parseEnvelope({ ...V1, 'x-amz-key': b64(256) })?.wrapped.algorithm).toBe('RSA')
  })

  it('is read whatever the case of its names, with an empty value as an absent one', () => {
    const shouted = Object.fromEntries(Object.entries(V3).map(([name, value]) => [name.toUpperCase(), value]))
    expect(parseEnvelope(shouted)).toEqual(parseEnvelope(V3))
    expect(parseEnvelope({ ...V3, 'x-amz-t': '', 'x-amz-iv': '', 'x-amz-matdesc': '' })).toEqual(parseEnvelope(V3))
  })

  it('is broken if a name comes twice in different case, even with the same value', () => {
    invalid({ ...V3, 'X-Amz-C': '115' })
    invalid({ ...V2, 'X-AMZ-IV': '' })
  })

  it('ignores the unencrypted length and unrelated names', () => {
    const more = { 'x-amz-unencrypted-content-length': '1', mtime: '2', 'x-amz-z': '3' }
    expect(parseEnvelope({ ...V3, ...more })).toEqual(parseEnvelope(V3))
  })

  it('is broken if the keys of two formats are there together', () => {
    invalid({ ...V1, ...V2 })
    invalid({ ...V2, ...V3 })
    invalid({ ...V3, 'x-amz-key': b64(48) })
  })

  it.each(['x-amz-c', 'x-amz-3', 'x-amz-w', 'x-amz-d', 'x-amz-i', 'x-amz-m', 'x-amz-t'])(
    'is broken if a V2 or V1 object also carries %s',
    (name) => {
      const value = V3[name] ?? V3_KMS[name] ?? ''
      invalid({ ...V2, [name]: value })
      invalid({ ...V2_CBC, [name]: value })
      invalid({ ...V1, [name]: value })
    },
  )

  it('is broken if V2 is dressed up as committing', () => {
    invalid({ ...V2, 'x-amz-c': '115', 'x-amz-w': '12' })
    invalid({ ...V2, 'x-amz-c': '115', 'x-amz-d': b64(28), 'x-amz-i': b64(28) })
  })

  it.each([
    'x-amz-iv',
    'x-amz-cek-alg',
    'x-amz-wrap-alg',
    'x-amz-tag-len',
    'x-amz-matdesc',
    'x-amz-key',
    'x-amz-key-v2',
  ])('is broken if a V3 object also carries %s', (name) => invalid({ ...V3, [name]: V2[name] ?? b64(48) }))

  it.each(['x-amz-cek-alg', 'x-amz-wrap-alg', 'x-amz-tag-len'])('is broken if V1 carries %s', (name) => {
    invalid({ ...V1, [name]: V2[name] ?? '' })
  })

  it.each(['x-amz-c', 'x-amz-w', 'x-amz-d', 'x-amz-i', 'x-amz-3'])('is broken if V3 lacks %s', (name) => {
    invalid(without(V3, name))
    invalid({ ...V3, [name]: '' })
  })

  it.each(['x-amz-iv', 'x-amz-cek-alg', 'x-amz-wrap-alg', 'x-amz-tag-len', 'x-amz-key-v2'])(
    'is broken, and no older format, if V2 lacks %s',
    (name) => invalid(without(V2, name)),
  )

  it.each([
    ['x-amz-c', '116'],
    ['x-amz-c', '0115'],
    ['x-amz-c', ' 115'],
    ['x-amz-w', '01'],
    ['x-amz-w', '11'],
    ['x-amz-w', '21'],
    ['x-amz-w', '2'],
    ['x-amz-w', 'AES/GCM'],
    ['x-amz-w', '__proto__'],
    ['x-amz-w', 'constructor'],
    ['x-amz-d', b64(27)],
    ['x-amz-i', b64(29)],
    ['x-amz-i', b64(28, 0)],
    ['x-amz-3', b64(59)],
    ['x-amz-3', `${b64(60)}\n`],
    ['x-amz-3', b64(60).replace(/A/, '-')],
    ['x-amz-3', b64(61).slice(0, -1)],
    ['x-amz-m', '[]'],
    ['x-amz-m', '{"a":1}'],
    ['x-amz-m', 'null'],
    ['x-amz-m', '{'],
    ['x-amz-t', '{"a":"b"}'],
  ])('is broken if V3 has %s of %j', (name, value) => invalid({ ...V3, [name]: value }))

  it('takes an empty description beside the one that counts', () => {
    expect(parseEnvelope({ ...V3, 'x-amz-t': '{}' })).toEqual(parseEnvelope(V3))
    invalid({ ...V3_KMS, 'x-amz-m': '{"a":"b"}' })
  })

  it.each([
    ['x-amz-tag-len', '120'],
    ['x-amz-tag-len', '0128'],
    ['x-amz-iv', b64(16)],
    ['x-amz-iv', b64(12, 0)],
    ['x-amz-cek-alg', 'AES/CTR/NoPadding'],
    ['x-amz-cek-alg', 'aes/gcm/nopadding'],
    ['x-amz-cek-alg', 'AES/CBC/PKCS5Padding'],
    ['x-amz-cek-alg', '115'],
    ['x-amz-wrap-alg', 'AES'],
    ['x-amz-wrap-alg', 'RSA'],
    ['x-amz-wrap-alg', '02'],
    ['x-amz-wrap-alg', 'toString'],
    ['x-amz-key-v2', b64(61)],
  ])('is broken if V2 has %s of %j', (name, value) => invalid({ ...V2, [name]: value }))

  it('is broken if CBC has a tag length, or an IV that is not 16 bytes', () => {
    invalid({ ...V2_CBC, 'x-amz-tag-len': '128' })
    invalid({ ...V2_CBC, 'x-amz-iv': b64(12) })
    invalid({ ...V1, 'x-amz-iv': b64(12) })
    invalid({ ...V1, 'x-amz-key': b64(40) })
  })

  it('says why a format proves less than Coffer asks for', () => {
    const reason = (metadata: Metadata, instruction?: Metadata) =>
      legacyReason(parseEnvelope(metadata, instruction) ?? expect.fail())
    expect(reason(V3)).toBeNull()
    expect(reason(V3_KMS)).toBeNull()
    expect(reason(V2)).toBeNull()
    expect(reason(V1)).toMatch(/CBC/)
    expect(reason(V2_CBC)).toMatch(/CBC/)
    expect(reason({ ...V2, 'x-amz-wrap-alg': 'kms' })).toMatch(/kms/)
    expect(reason({}, V2)).toMatch(/separate file/)
  })
})

describe('an instruction file', () => {
  const onObject = { 'x-amz-c': '115', 'x-amz-d': b64(28), 'x-amz-i': b64(28) }
  const inFile = { 'x-amz-3': b64(60), 'x-amz-w': '02', 'x-amz-m': '{}' }

  it('completes a V3 object', () => {
    expect(parseEnvelope(onObject, inFile)).toMatchObject({ content: { format: 'v3' }, source: 'instruction-file' })
    expect(legacyReason(parseEnvelope(onObject, inFile) ?? expect.fail())).toBeNull()
  })

  it('holds all of a V1 or V2 envelope', () => {
    expect(parseEnvelope({}, V2)).toMatchObject({ content: { format: 'v2' }, source: 'instruction-file' })
    expect(parseEnvelope({}, V1)).toMatchObject({ content: { format: 'v1' }, source: 'instruction-file' })
    invalid({}, without(V2, 'x-amz-iv'))
    invalid({ 'x-amz-iv': b64(12) }, without(V2, 'x-amz-iv'))
  })

  it('must be there for a V3 object without a wrapped key', () => {
    invalid(onObject)
    invalid(onObject, { note: 'not ours' })
  })

  it.each(['x-amz-c', 'x-amz-d', 'x-amz-i'])('may not hold %s', (name) => {
    invalid(onObject, { ...inFile, [name]: onObject[name as keyof typeof onObject] })
    invalid(without(onObject, name), { ...inFile, [name]: onObject[name as keyof typeof onObject] })
  })

  it('may not turn a V3 object into a V2 one', () => {
    invalid(onObject, V2)
    invalid(onObject, V1)
    invalid(onObject, { ...inFile, ...V2 })
  })

  it('may not hold V3’s names for an object that has none', () => invalid({}, inFile))

  it('may not say again what the object says', () => invalid({ ...onObject, 'x-amz-w': '02' }, inFile))

  it('is not looked at if the object’s own metadata is complete', () => {
    expect(parseEnvelope(V3, { 'x-amz-3': b64(60, 9) })).toEqual(parseEnvelope(V3))
    expect(parseEnvelope(V2, V1)).toEqual(parseEnvelope(V2))
  })

  it('must be there for an object that still tells its plaintext’s length', () => {
    invalid({ 'x-amz-unencrypted-content-length': '5' })
    expect(parseEnvelope({ 'x-amz-unencrypted-content-length': '5' }, V2)).toEqual(parseEnvelope({}, V2))
  })

  it('is asked for where it is needed', () => {
    expect(instructionNeed({ 'x-amz-unencrypted-content-length': '5' })).toBe('required')
    expect(instructionNeed(onObject)).toBe('required')
    expect(instructionNeed({})).toBe('possible')
    expect(instructionNeed(V3)).toBe('none')
    expect(instructionNeed(V2)).toBe('none')
  })

  it('is a JSON object of strings, with numbers only where other clients write them', () => {
    const body = (value: unknown) => Buffer.from(JSON.stringify(value))
    expect(parseInstruction(body({ ...V2, 'x-amz-tag-len': 128 }))).toEqual(V2)
    expect(parseInstruction(body({ 'x-amz-iv': 5 }))).toBeNull()
    for (const other of [[], 'x', null, 5, { a: {} }]) expect(parseInstruction(body(other))).toBeNull()
    expect(parseInstruction(Buffer.from('not JSON'))).toBeNull()
    expect(parseInstruction(Buffer.of(0xff, 0xfe))).toBeNull()
  })

  it('is not repaired like metadata is: its text is UTF-8 already', () => {
    const envelope = parseEnvelope(onObject, { ...inFile, 'x-amz-m': '{"a":"Ã¼"}' })
    expect(envelope?.wrapped.description).toEqual({ a: 'Ã¼' })
  })
})

describe('the parser', () => {
  const names = [...new Set([V3, V3_KMS, V2, V2_CBC, V1].flatMap((metadata) => Object.keys(metadata)))]
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(...[V3, V3_KMS, V2, V2_CBC, V1].flatMap((metadata) => Object.values(metadata))),
  )
  const metadata = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value)

  it('throws nothing but a CofferError, whatever it is given', () => {
    fc.assert(
      fc.property(metadata, fc.option(metadata, { nil: undefined }), (onObject, inFile) => {
        try {
          parseEnvelope(onObject, inFile)
        } catch (error) {
          expect(error).toBeInstanceOf(CofferError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([V3, V3_KMS, V2, V2_CBC, V1])('throws nothing but a CofferError for one changed field, %#', (whole) => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.string({ unit: 'binary' }), (name, text) => {
        try {
          parseEnvelope({ ...whole, [name]: text })
        } catch (error) {
          expect(error).toBeInstanceOf(CofferError)
        }
      }),
    )
  })

  it('reads what the writer wrote, in ASCII only', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('v3', 'v2'),
        fc.constantFrom('AES/GCM', 'RSA-OAEP-SHA1', 'kms+context'),
        fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 3 }),
        (format, algorithm, description) => {
          const { content } = sealContent(format, randomBytes(32))
          const wrapped = { algorithm, bytes: randomBytes(60), description }
          const written = writeEnvelope(content, wrapped)
          for (const text of Object.values(written)) expect(text).toMatch(/^[\x20-\x7e]*$/)
          expect(written).not.toHaveProperty('x-amz-unencrypted-content-length')
          const parsed = parseEnvelope(written)
          expect(parsed?.content).toEqual(content)
          expect(parsed?.wrapped).toMatchObject({ algorithm, bytes: wrapped.bytes })
          expect(Object.entries(parsed?.wrapped.description ?? {})).toEqual(Object.entries(description))
        },
      ),
    )
  })

  it('is never given more metadata than S3 stores', () => {
    const { content } = sealContent('v3', randomBytes(32))
    const wrapped = { algorithm: 'kms+context' as const, bytes: randomBytes(184), description: { a: 'é'.repeat(400) } }
    expect(failure(() => writeEnvelope(content, wrapped))).toHaveProperty('code', 'INVALID_INPUT')
  })
})
