import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openContent, openRange, openedSize, sealContent, storedRange } from '../../../electron/envelope/content.ts'
import type { Content } from '../../../electron/envelope/envelope.ts'
import { HKDF_ANSWERS, failure, hex, run } from './support.ts'

const [row] = HKDF_ANSWERS
const KNOWN: Content = {
  cipher: 'gcm-committed',
  format: 'v3',
  messageId: hex(row.messageId),
  commitment: hex(row.commitment),
}
const KNOWN_BODY = hex(
  'a25a831a4663b59e58976a3487808f788f0181db775a30d5988b5d7f21abffc44866f35b1c04f24a96342d384a14656a8ec8882d5f92be7cbafa5823f24c79ad5fa3',
)
const KNOWN_PLAINTEXT = Buffer.from(Array.from({ length: 50 }, (_, index) => index))

function seal(format: 'v3' | 'v2', plaintext: Buffer) {
  const dataKey = randomBytes(32)
  const { content, sealer } = sealContent(format, Buffer.from(dataKey))
  return { dataKey, content, stored: run(sealer, [plaintext]) }
}

describe.each(['v3', 'v2'] as const)('content in format %s', (format) => {
  it('comes back', () => {
    const { dataKey, content, stored } = seal(format, Buffer.from('a plaintext'))
    expect(openedSize(content, stored.length)).toBe(11)
    expect(run(openContent(content, dataKey, stored.length), [stored]).toString()).toBe('a plaintext')
  })

  it('is sealed under fresh parameters each time, even with the same data key', () => {
    const dataKey = randomBytes(32)
    const [one, two] = [0, 1].map(() => sealContent(format, Buffer.from(dataKey)))
    expect(one?.content).not.toEqual(two?.content)
  })

  it('leaves no data key behind, sealing, opening or failing', () => {
    const { dataKey, content, stored } = seal(format, Buffer.alloc(3))
    const keys = [Buffer.from(dataKey), Buffer.from(dataKey), Buffer.from(dataKey)] as const
    sealContent(format, keys[0])
    openContent(content, keys[1], stored.length)
    failure(() => openContent(content, keys[2], 3))
    for (const key of keys) expect(key).toEqual(Buffer.alloc(32))
  })

  it('gives any range of it, as a slice of the whole', () => {
    const plaintext = Buffer.from(Array.from({ length: 200 }, (_, index) => index))
    const { dataKey, content, stored } = seal(format, plaintext)
    fc.assert(
      fc.property(fc.nat(220), fc.nat(220), (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)]
        const range = storedRange(first, last, plaintext.length)
        const expected = plaintext.subarray(first, last + 1)
        const part = range === null ? null : stored.subarray(range.first, range.last + 1)
        const opened = range === null || part === null ? null : openRange(content, Buffer.from(dataKey), range, part)
        expect(opened ?? Buffer.alloc(0)).toEqual(expected)
      }),
    )
  })

  it('refuses a range that came short', () => {
    const { dataKey, content, stored } = seal(format, Buffer.alloc(64))
    const range = storedRange(16, 47, 64) ?? expect.fail()
    expect(failure(() => openRange(content, dataKey, range, stored.subarray(16, 40)))).toHaveProperty(
      'code',
      'TRUNCATED',
    )
  })
})

describe('committed content', () => {
  it('opens the known answer', () => {
    const opener = openContent(KNOWN, hex(row.dataKey), KNOWN_BODY.length)
    expect(run(opener, [KNOWN_BODY])).toEqual(KNOWN_PLAINTEXT)
  })

  it('gives the known range from byte 32', () => {
    const range = storedRange(32, 49, 50) ?? expect.fail()
    expect(openRange(KNOWN, hex(row.dataKey), range, KNOWN_BODY.subarray(32, 50))).toEqual(KNOWN_PLAINTEXT.subarray(32))
  })

  it('verifies the commitment before it opens anything, a range too', () => {
    const changed: Content = { ...KNOWN, commitment: Buffer.alloc(28, 5) }
    const range = storedRange(0, 15, 50) ?? expect.fail()
    expect(failure(() => openContent(changed, hex(row.dataKey), 66))).toHaveProperty('code', 'COMMITMENT_MISMATCH')
    expect(failure(() => openRange(changed, hex(row.dataKey), range, KNOWN_BODY.subarray(0, 16)))).toHaveProperty(
      'code',
      'COMMITMENT_MISMATCH',
    )
  })

  it('refuses every data key with one bit flipped', () => {
    for (let bit = 0; bit < 256; bit++) {
      const dataKey = hex(row.dataKey)
      dataKey.writeUInt8(dataKey.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(failure(() => openContent(KNOWN, dataKey, 66))).toHaveProperty('code', 'COMMITMENT_MISMATCH')
    }
  })
})

describe('legacy CBC content', () => {
  const key = Buffer.alloc(32, 3)
  const content: Content = { cipher: 'cbc', format: 'v1', iv: Buffer.alloc(16, 4), name: '' }
  const encrypt = (plaintext: Buffer): Buffer => {
    const cipher = createCipheriv('aes-256-cbc', key, content.iv)
    return Buffer.concat([cipher.update(plaintext), cipher.final()])
  }

  it.each([0, 1, 15, 16, 17, 1000])('opens %i bytes, never more than the size that was foretold', (size) => {
    const stored = encrypt(Buffer.alloc(size, 'x'))
    const plaintext = run(openContent(content, Buffer.from(key), stored.length), [stored])
    expect(plaintext).toEqual(Buffer.alloc(size, 'x'))
    expect(plaintext.length).toBeLessThanOrEqual(openedSize(content, stored.length))
  })

  it('fails in one way only, whatever is wrong', () => {
    const stored = encrypt(Buffer.alloc(40, 'x'))
    const open = (bytes: Buffer, size = bytes.length, dataKey = Buffer.from(key)) =>
      failure(() => run(openContent(content, dataKey, size), [bytes]))
    const badPadding = Buffer.from(stored)
    badPadding.writeUInt8(badPadding.readUInt8(31) ^ 0xff, 31)
    const failures = [
      open(badPadding),
      open(stored.subarray(0, 47)),
      open(stored.subarray(0, 32), 48),
      open(Buffer.alloc(0)),
    ]
    expect(new Set(failures.map((error) => `${error.code} ${error.message}`)).size).toBe(1)
    expect(failures[0]?.code).toBe('INTEGRITY')
  })

  it('gives no ranges', () => {
    expect(
      failure(() =>
        openRange(content, Buffer.from(key), { first: 0, last: 15, skip: 0, length: 16 }, Buffer.alloc(16)),
      ),
    ).toHaveProperty('code', 'UNSUPPORTED')
  })
})
