import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openContent, openedSize, openRange, sealContent, storedRange } from '../../electron/envelope/content.ts'
import { parseDescription, repairMetadata } from '../../electron/envelope/description.ts'
import { parseInstruction } from '../../electron/envelope/instruction.ts'
import { OLD, V3 } from '../../electron/envelope/names.ts'
import { instructionNeed, parseEnvelope } from '../../electron/envelope/parse.ts'
import { detect } from '../../electron/modes/detect.ts'
import { fileTimes } from '../../electron/vault/file-metadata.ts'
import { BOUND, calm } from './calm.ts'

type Metadata = Record<string, string>

const base64 = fc.oneof(
  ...[12, 16, 28, 40, 48, 60, 256].map((length) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString('base64')),
  ),
)
const names = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...Object.values(V3), ...Object.values(OLD), 'x-amz-unencrypted-content-length'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('X-Amz-C', 'X-AMZ-3', 'x-amz-KEY-v2', '__proto__', 'constructor', 'toString'),
  },
  { weight: 1, arbitrary: fc.string() },
)
const values = fc.oneof(
  { weight: 4, arbitrary: base64 },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('115', '02', '12', '22', '128', '{}', '{"a":"b"}', '{"__proto__":"x"}', 'AES/GCM', 'kms')
      .chain((one) =>
        fc.constantFrom(
          one,
          'AES/GCM/NoPadding',
          'AES/CBC/PKCS5Padding',
          'kms+context',
          'RSA-OAEP-SHA1',
          'AESWrap',
          '',
        ),
      ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.json() },
)
const metadata: fc.Arbitrary<Metadata> = fc.dictionary(names, values, { maxKeys: 12 })

/** A whole envelope of each format, some of whose fields are then changed: random names alone seldom get past the first check. */
const nearly = fc
  .tuple(
    fc.constantFrom<Metadata>(
      { [V3.cipher]: '115', [V3.key]: 'k60', [V3.wrap]: '02', [V3.commitment]: 'k28', [V3.messageId]: 'k28' },
      { [V3.cipher]: '115', [V3.commitment]: 'k28', [V3.messageId]: 'k28' },
      {
        [OLD.keyV2]: 'k60',
        [OLD.iv]: 'k12',
        [OLD.cipher]: 'AES/GCM/NoPadding',
        [OLD.wrap]: 'AES/GCM',
        [OLD.tagLength]: '128',
      },
      { [OLD.keyV2]: 'k40', [OLD.iv]: 'k16', [OLD.cipher]: 'AES/CBC/PKCS5Padding', [OLD.wrap]: 'AESWrap' },
      { [OLD.keyV1]: 'k48', [OLD.iv]: 'k16' },
    ),
    fc.dictionary(names, values, { maxKeys: 2 }),
  )
  .map(([whole, more]): Metadata => {
    const filled = Object.entries(whole).map(([name, value]) => {
      const length = /^k(\d+)$/.exec(value)?.[1]
      return [name, length === undefined ? value : Buffer.alloc(Number(length), 7).toString('base64')]
    })
    return { ...(Object.fromEntries(filled) as Metadata), ...more }
  })

describe('the reader of envelopes', () => {
  it('reads an envelope, finds none, or says ENVELOPE_INVALID, whatever an object says of itself', () => {
    let read = 0
    fc.assert(
      fc.property(
        fc.oneof(nearly, metadata),
        fc.option(fc.oneof(nearly, metadata), { nil: undefined }),
        (onObject, inFile) => {
          const envelope = calm(() => parseEnvelope(onObject, inFile))
          expect(['required', 'possible', 'none']).toContain(calm(() => instructionNeed(onObject)) ?? 'none')
          if (envelope === null) return
          read++
          const { content, wrapped } = envelope
          // Whatever was read is one whole format: its key, its parameters and its wrap fit together.
          expect(content.cipher === 'gcm-committed').toBe(content.format === 'v3')
          if (content.cipher === 'gcm-committed') {
            expect([content.messageId.length, content.commitment.length]).toEqual([28, 28])
            expect(['AES/GCM', 'RSA-OAEP-SHA1', 'kms+context']).toContain(wrapped.algorithm)
          } else expect(content.iv.length).toBe(content.cipher === 'gcm' ? 12 : 16)
          expect(wrapped.bytes.length).toBeGreaterThan(0)
          for (const value of Object.values(wrapped.description)) expect(typeof value).toBe('string')
        },
      ),
      { ...BOUND, numRuns: 20_000 },
    )
    expect(read).toBeGreaterThan(500)
  })

  it('reads bodies of instruction files, descriptions and mangled text without a surprise', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
          metadata.map((m) => Buffer.from(JSON.stringify(m))),
        ),
        (body) => {
          const fields = parseInstruction(body)
          for (const value of Object.values(fields ?? {})) expect(typeof value).toBe('string')
          const text = Buffer.from(body).toString()
          calm(() => parseDescription(text))
          repairMetadata(text)
        },
      ),
      { ...BOUND, numRuns: 10_000 },
    )
  })

  it('repairs encoded words in linear time', () => {
    for (const piece of ['=?', '=?utf-8?b?', '=?utf-8?q?=', ' ', '=?utf-8?q?a?= ', '?=']) {
      const started = performance.now()
      repairMetadata(piece.repeat(50_000 / piece.length))
      expect(performance.now() - started, piece).toBeLessThan(2_000)
    }
  })

  it('says who any object is, or that it is broken', () => {
    const facts = {
      bucket: 'b',
      key: 'k',
      versionId: undefined,
      etag: '"e"',
      lastModified: undefined,
      kmsKeyId: undefined,
    }
    fc.assert(
      fc.property(
        fc.oneof(nearly, metadata),
        fc.nat(),
        fc.boolean(),
        fc.option(fc.string(), { nil: undefined }),
        (said, size, needsCustomerKey, sse) => {
          const told = calm(() =>
            detect({
              ...facts,
              size,
              metadata: said,
              needsCustomerKey,
              serverSideEncryption: sse,
              bucketKeyEnabled: false,
              instruction: undefined,
            }),
          )
          if (told !== null) expect(told.algorithm.length).toBeGreaterThan(0)
        },
      ),
      { ...BOUND, numRuns: 5_000 },
    )
  })

  it('takes dates and permissions from metadata only as numbers that a file can have', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^-?\d{0,14}\.?\d{0,12}$/)),
        fc.oneof(fc.string(), fc.stringMatching(/^\d{0,8}$/)),
        (mtime, mode) => {
          const { mtimeMs, fileMode } = fileTimes({ mtime, mode })
          expect(Number.isFinite(mtimeMs ?? 0)).toBe(true)
          expect((fileMode ?? 0) & ~0o777).toBe(0)
        },
      ),
      { ...BOUND, numRuns: 5_000 },
    )
  })
})

describe('the reader of bodies', () => {
  const formats = fc.constantFrom('v3', 'v2')
  const sealed = fc
    .tuple(formats, fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([format, text, key]) => {
      const { content, sealer } = sealContent(format, Buffer.from(key))
      return {
        content,
        key: Buffer.from(key),
        text: Buffer.from(text),
        stored: Buffer.concat([sealer.update(text), sealer.final()]),
      }
    })

  it('returns the very text or throws, for every cut, extension and change', () => {
    const edit = fc.record({
      at: fc.nat(300),
      bits: fc.integer({ min: 0, max: 255 }),
      cut: fc.nat(40),
      more: fc.uint8Array({ maxLength: 40 }),
    })
    fc.assert(
      fc.property(sealed, edit, ({ content, key, text, stored }, { at, bits, cut, more }) => {
        const changed = Buffer.concat([stored.subarray(0, Math.max(0, stored.length - cut)), more])
        if (changed.length > 0) changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ bits
        const read = calm(() => {
          expect(openedSize(content, changed.length)).toBe(changed.length - 16)
          const opener = openContent(content, Buffer.from(key), changed.length)
          return Buffer.concat([opener.update(changed), opener.final()])
        })
        if (changed.equals(stored)) expect(read?.equals(text)).toBe(true)
        else expect(read).toBeNull()
      }),
      { ...BOUND, numRuns: 5_000 },
    )
  })

  it('reads any range as the whole has it', () => {
    fc.assert(
      fc.property(sealed, fc.nat(250), fc.nat(250), ({ content, key, text, stored }, first, last) => {
        const range = storedRange(first, last, text.length)
        const wanted = text.subarray(first, last + 1)
        if (range === null) expect(wanted.length).toBe(0)
        else {
          const read = openRange(content, Buffer.from(key), range, stored.subarray(range.first, range.last + 1))
          expect(read.equals(wanted)).toBe(true)
        }
      }),
      { ...BOUND, numRuns: 5_000 },
    )
  })
})
