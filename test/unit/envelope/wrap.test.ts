import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentName, type Content, type Envelope, type WrapAlgorithm } from '../../../electron/envelope/envelope.ts'
import {
  bindContext,
  callersPairs,
  checkBoundContext,
  checkLegacyContext,
} from '../../../electron/envelope/kms-context.ts'
import { mgf1Sha1 } from '../../../electron/envelope/legacy-rsa.ts'
import { rfc3394Unwrap, unwrapWithAes, wrapWithAes } from '../../../electron/envelope/wrap-aes.ts'
import { unwrapWithRsa, wrapWithRsa } from '../../../electron/envelope/wrap-rsa.ts'
import { failure, hex } from './support.ts'

const V3: Content = {
  cipher: 'gcm-committed',
  format: 'v3',
  messageId: Buffer.alloc(28, 1),
  commitment: Buffer.alloc(28),
}
const V2: Content = { cipher: 'gcm', format: 'v2', iv: Buffer.alloc(12, 1) }
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const dataKey = randomBytes(32)

const envelope = (content: Content, algorithm: WrapAlgorithm, bytes: Buffer): Envelope => ({
  content,
  wrapped: { algorithm, bytes, description: {} },
  source: 'metadata',
})

describe('AES/GCM wraps', () => {
  const [wrapping, iv, known] = [Buffer.alloc(32, 0x11), Buffer.alloc(12, 0x22), Buffer.alloc(32, 0x33)]

  it.each([
    [V2, 'IiIiIiIiIiIiIiIiJMQ0evP8rGzWDO0Pe5Xa5iyg/tFZsp94YXw52zrSVjB4k3OerioAJHK6L2ct6Y8X'],
    [V3, 'IiIiIiIiIiIiIiIiJMQ0evP8rGzWDO0Pe5Xa5iyg/tFZsp94YXw52zrSVjAuvy+0tKb+f8jQFG+XjHTc'],
  ] as const)('give the known answer both ways, %#', (content, base64) => {
    const { bytes } = wrapWithAes(known, contentName(content), wrapping, {}, iv)
    expect(bytes.toString('base64')).toBe(base64)
    expect(unwrapWithAes(envelope(content, 'AES/GCM', bytes), wrapping)).toEqual(known)
  })

  it('give null for another key, for another cipher than the one they bind, and for any flipped bit', () => {
    const { bytes } = wrapWithAes(known, contentName(V3), wrapping, {})
    expect(unwrapWithAes(envelope(V3, 'AES/GCM', bytes), Buffer.alloc(32, 0x12))).toBeNull()
    expect(unwrapWithAes(envelope(V2, 'AES/GCM', bytes), wrapping)).toBeNull()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(unwrapWithAes(envelope(V3, 'AES/GCM', changed), wrapping)).toBeNull()
    }
  })

  it('are not opened by RSA keys, nor RSA wraps by AES keys', () => {
    const rsa = wrapWithRsa(known, contentName(V3), publicKey, {})
    expect(unwrapWithAes(envelope(V3, 'RSA-OAEP-SHA1', rsa.bytes), wrapping)).toBeNull()
    const aes = wrapWithAes(known, contentName(V3), wrapping, {})
    expect(unwrapWithRsa(envelope(V3, 'AES/GCM', aes.bytes), privateKey)).toBeNull()
  })
})

describe('legacy AES wraps', () => {
  it('unwrap the vector of RFC 3394, 4.6 (256 bits under 256 bits)', () => {
    const kek = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
    const wrapped = hex('28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21')
    const key = hex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f')
    expect(rfc3394Unwrap(wrapped, kek)).toEqual(key)
    expect(unwrapWithAes(envelope(V2, 'AESWrap', wrapped), kek)).toEqual(key)
  })

  it('unwrap the vectors of RFC 3394, 4.3 and 4.5 (shorter keys under 256 bits)', () => {
    const kek = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
    expect(rfc3394Unwrap(hex('64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7'), kek)?.toString('hex')).toBe(
      '00112233445566778899aabbccddeeff',
    )
    expect(
      rfc3394Unwrap(hex('a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1'), kek)?.toString('hex'),
    ).toBe('00112233445566778899aabbccddeeff0001020304050607')
  })

  it('agree with another implementation of RFC 3394', () => {
    const kek = randomBytes(32)
    const cipher = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6))
    const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()])
    expect(rfc3394Unwrap(wrapped, kek)).toEqual(dataKey)
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const changed = Buffer.from(wrapped)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(rfc3394Unwrap(changed, kek)).toBeNull()
    }
  })

  it('unwrap V1 keys (AES-ECB with a whole block of padding), and give null for another key', () => {
    const kek = randomBytes(32)
    const cipher = createCipheriv('aes-256-ecb', kek, null)
    const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()])
    const v1 = envelope({ cipher: 'cbc', format: 'v1', iv: Buffer.alloc(16), name: '' }, 'AES', wrapped)
    expect(unwrapWithAes(v1, kek)).toEqual(dataKey)
    expect(unwrapWithAes(v1, randomBytes(32))).toBeNull()
  })
})

describe('RSA wraps', () => {
  it.each([V2, V3])('come back and bind the cipher, %#', (content) => {
    const { bytes } = wrapWithRsa(dataKey, contentName(content), publicKey, {})
    expect(unwrapWithRsa(envelope(content, 'RSA-OAEP-SHA1', bytes), privateKey)).toEqual(dataKey)
    expect(unwrapWithRsa(envelope(content === V2 ? V3 : V2, 'RSA-OAEP-SHA1', bytes), privateKey)).toBeNull()
  })

  it.each([
    ['a wrong length byte', Buffer.concat([Buffer.of(31), dataKey, Buffer.from('115')])],
    ['something after the name', Buffer.concat([Buffer.of(32), dataKey, Buffer.from('1150')])],
    ['a name cut short', Buffer.concat([Buffer.of(32), dataKey, Buffer.from('11')])],
    ['a short data key', Buffer.concat([Buffer.of(16), dataKey.subarray(0, 16), Buffer.from('115')])],
    ['nothing', Buffer.alloc(0)],
  ])('give null for a pseudo data key with %s', (_, pseudoKey) => {
    const bytes = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, pseudoKey)
    expect(unwrapWithRsa(envelope(V3, 'RSA-OAEP-SHA1', bytes), privateKey)).toBeNull()
  })

  it('give null for random bytes and for a key of another size', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 3072 })
    const { bytes } = wrapWithRsa(dataKey, '115', publicKey, {})
    expect(unwrapWithRsa(envelope(V3, 'RSA-OAEP-SHA1', randomBytes(256)), privateKey)).toBeNull()
    expect(unwrapWithRsa(envelope(V3, 'RSA-OAEP-SHA1', Buffer.alloc(256, 0xff)), privateKey)).toBeNull()
    expect(unwrapWithRsa(envelope(V3, 'RSA-OAEP-SHA1', bytes), other.privateKey)).toBeNull()
  })
})

describe('legacy RSA wraps', () => {
  const JAVA = 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding'

  it('mask with MGF1-SHA-1', () => {
    expect(mgf1Sha1(Buffer.from('foo'), 5).toString('hex')).toBe('1ac9075cd4')
    expect(mgf1Sha1(Buffer.from('bar'), 50).toString('hex')).toBe(
      'bc0c655e016bc2931d85a2e675181adcef7f581f76df2739da74faac41627be2f7f415c89e983fd0ce80ced9878641cb4876',
    )
  })

  it('open OAEP of SHA-256 with MGF1 of SHA-1, and not what Node means by SHA-256', () => {
    expect(unwrapWithRsa(envelope(V2, JAVA, javaOaep(dataKey)), privateKey)).toEqual(dataKey)
    const node = publicEncrypt(
      { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      dataKey,
    )
    expect(unwrapWithRsa(envelope(V2, JAVA, node), privateKey)).toBeNull()
    expect(unwrapWithRsa(envelope(V2, JAVA, javaOaep(dataKey.subarray(0, 16))), privateKey)).toBeNull()
  })

  it('open PKCS #1 v1.5', () => {
    const bytes = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, dataKey)
    expect(unwrapWithRsa(envelope(V2, 'RSA', bytes), privateKey)).toEqual(dataKey)
  })

  it.each([
    ['random bytes', rawEncrypt(Buffer.concat([Buffer.of(0), randomBytes(255)]))],
    ['a wrong type byte', rawEncrypt(pkcs1Block(dataKey, 1))],
    ['a zero within the padding', rawEncrypt(pkcs1Block(dataKey, 2, 100))],
    [
      'a key of another length',
      publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.alloc(31, 9)),
    ],
  ])('answer PKCS #1 v1.5 with %s by a wrong key, the same each time, and by no error', (_, bytes) => {
    const first = unwrapWithRsa(envelope(V2, 'RSA', bytes), privateKey)
    expect(first).toHaveLength(32)
    expect(first).not.toEqual(dataKey)
    expect(unwrapWithRsa(envelope(V2, 'RSA', bytes), privateKey)).toEqual(first)
  })
})

/** EME-OAEP (RFC 8017, 7.1.1) with SHA-256 and MGF1-SHA-1, as Java writes it. */
function javaOaep(message: Buffer): Buffer {
  const label = hex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  const data = Buffer.concat([label, Buffer.alloc(256 - message.length - 66), Buffer.of(1), message])
  const seed = randomBytes(32)
  const maskedData = xor(data, mgf1Sha1(seed, data.length))
  return rawEncrypt(Buffer.concat([Buffer.of(0), xor(seed, mgf1Sha1(maskedData, 32)), maskedData]))
}

function pkcs1Block(key: Buffer, type: number, zeroAt?: number): Buffer {
  const block = Buffer.concat([Buffer.of(0, type), Buffer.alloc(256 - 3 - key.length, 0xaa), Buffer.of(0), key])
  if (zeroAt !== undefined) block.writeUInt8(0, zeroAt)
  return block
}

function rawEncrypt(block: Buffer): Buffer {
  return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block)
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)))
}

describe('KMS contexts', () => {
  it('bind the cipher beside the caller’s own pairs', () => {
    expect(bindContext({ team: 'x' }, '115')).toEqual({ team: 'x', 'aws:x-amz-cek-alg': '115' })
  })

  it.each(['aws:x-amz-cek-alg', 'kms_cmk_id'])('may not hold the reserved name %s', (name) => {
    expect(failure(() => bindContext({ [name]: '115' }, '115'))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it('must name the cipher of the object', () => {
    for (const stored of [{}, { 'aws:x-amz-cek-alg': 'AES/GCM/NoPadding' }, { 'aws:x-amz-cek-alg': '' }])
      expect(failure(() => checkBoundContext(stored, '115', undefined))).toHaveProperty('code', 'ENVELOPE_INVALID')
  })

  it('must be exactly what the caller gave, if the caller gave one', () => {
    const stored = bindContext({ a: '1' }, '115')
    expect(() => checkBoundContext(stored, '115', undefined)).not.toThrow()
    expect(() => checkBoundContext(stored, '115', { a: '1' })).not.toThrow()
    for (const callers of [{}, { a: '2' }, { b: '1' }, { a: '1', b: '2' }, { toString: '1' }])
      expect(failure(() => checkBoundContext(stored, '115', callers as Record<string, string>))).toHaveProperty(
        'code',
        'ENVELOPE_INVALID',
      )
  })

  it('of an old wrap may be given whole, or without the key id that old clients put in it', () => {
    const stored = { kms_cmk_id: 'k', purpose: 'letters' }
    for (const callers of [undefined, stored, { purpose: 'letters' }])
      expect(() => checkLegacyContext(stored, callers)).not.toThrow()
    expect(() => checkLegacyContext({ kms_cmk_id: 'k' }, { kms_cmk_id: 'k' })).not.toThrow()
    for (const callers of [{}, { purpose: 'x' }, { kms_cmk_id: 'k' }, { purpose: 'letters', more: 'x' }]) {
      const wrong = failure(() => checkLegacyContext(stored, callers))
      expect(wrong).toMatchObject({ code: 'ENVELOPE_INVALID', hint: expect.stringMatching(/written with/) as string })
    }
    expect(failure(() => checkLegacyContext({ ...stored, 'aws:x-amz-cek-alg': '115' }, undefined))).toHaveProperty(
      'code',
      'ENVELOPE_INVALID',
    )
  })

  it('come back without the format’s own pairs', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (callers) => {
        expect(callersPairs(bindContext(callers, '115'))).toEqual({ ...callers })
      }),
    )
  })
})
